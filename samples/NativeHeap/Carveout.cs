using System.Runtime.InteropServices;

namespace Vendor;

/// <summary>The region of native/carveout.c. Calls take turns; the memory in it is freed with this object.</summary>
internal sealed class Carveout : SafeHandle
{
    private readonly Lock _lock = new();

    private Carveout()
        : base(0, ownsHandle: true)
    {
    }

    public override bool IsInvalid => handle == 0;

    /// <exception cref="DllNotFoundException">The library is not in the plugin's folder, or not for this machine.</exception>
    public static Carveout Create(long pages)
    {
        var region = new Carveout();
        region.SetHandle(Native.New((nint)pages));
        return region.IsInvalid ? throw new OutOfMemoryException() : region;
    }

    /// <summary>The first page of a run that was free; -1 when there is none so long.</summary>
    public long Take(long pages)
    {
        lock (_lock) return Native.Take(this, (nint)pages);
    }

    public void Give(long first, long pages)
    {
        lock (_lock) Native.Give(this, (nint)first, (nint)pages);
    }

    public (long Pages, long Longest) Free()
    {
        lock (_lock) return (Native.Free(this, out var longest), longest);
    }

    protected override bool ReleaseHandle()
    {
        Native.Delete(handle);
        return true;
    }

    private static class Native
    {
        private const string Library = "carveout"; // libcarveout.so, in the folder of this machine's processor

        [DllImport(Library, EntryPoint = "carveout_new")]
        public static extern nint New(nint pages);

        [DllImport(Library, EntryPoint = "carveout_delete")]
        public static extern void Delete(nint region);

        [DllImport(Library, EntryPoint = "carveout_take")]
        public static extern nint Take(Carveout region, nint pages);

        [DllImport(Library, EntryPoint = "carveout_give")]
        public static extern void Give(Carveout region, nint first, nint pages);

        [DllImport(Library, EntryPoint = "carveout_free")]
        public static extern nint Free(Carveout region, out nint longest);
    }
}

using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Testing;

/// <summary>The CPU's copy of a buffer outside of CPU access: what it holds then, and the traces of who touches it.</summary>
internal abstract class RestingCopy
{
    public static RestingCopy Of(OutsideAccess outside, ulong inode, long length) =>
        outside == OutsideAccess.Nothing ? new EmptyCopy(inode, length) : new StaleCopy(inode, length);

    /// <summary>Puts the copy to rest, without traces, at the end of an access.</summary>
    /// <param name="cpu">The copy.</param>
    /// <param name="last">What it holds; not changed afterwards.</param>
    public abstract void Rest(SafeFileHandle cpu, byte[] last);

    /// <summary>Wipes off all traces.</summary>
    public abstract void Restore(SafeFileHandle cpu);

    /// <summary>Who touched it since, and how; empty when nobody did.</summary>
    public abstract IReadOnlyList<Touch> FindTouches(SafeFileHandle cpu);

    protected static byte[] Read(SafeFileHandle cpu, long length)
    {
        var bytes = new byte[length];
        RandomAccess.Read(cpu, bytes, 0);
        return bytes;
    }
}

/// <summary>Something done outside of CPU access.</summary>
/// <param name="Kind">A skipped begin.</param>
/// <param name="Offset">Where, in bytes.</param>
/// <param name="Processes">Who, or who may have.</param>
internal readonly record struct Touch(SyncFaultKind Kind, long Offset, IReadOnlyList<SyncProcess> Processes);

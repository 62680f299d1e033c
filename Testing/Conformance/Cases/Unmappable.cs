using DmaHeap.Client;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Testing.Conformance;

/// <summary>A descriptor gives nobody the memory.</summary>
internal sealed class Unmappable : ConformanceCase
{
    public override string Name => "unmappable";

    public override string Checks => "A buffer's descriptor cannot be mapped, read or written, nor can one opened anew from it be written or show anything but zeros.";

    public override string Failure => "The heap promises Unmappable, so its clients rely on nobody seeing the content: use opaque memory, or a buffer whose MmapPolicy refuses.";

    public override HeapCapabilities Needs => HeapCapabilities.Unmappable;

    internal override void Check(CaseRun run)
    {
        using var buffer = run.Allocate(run.Heap.SmallLength);
        foreach (var access in new[] { FileAccess.Read, FileAccess.Write, FileAccess.ReadWrite })
        {
            if (!IsRefused(() => buffer.Map(access).Dispose())) throw new CaseFailure($"the descriptor can be mapped for {access}");
        }

        if (!IsRefused(() => Read(buffer.Handle))) throw new CaseFailure("the descriptor can be read");
        if (!IsRefused(() => Write(buffer.Handle))) throw new CaseFailure("the descriptor can be written");
        if (!IsRefused(() => WriteAnew(buffer))) throw new CaseFailure("the descriptor can be opened anew and written");
        IsRefused(() => ReadAnew(buffer));
    }

    private static byte Read(SafeFileHandle file)
    {
        Span<byte> one = stackalloc byte[1];
        RandomAccess.Read(file, one, 0);
        return one[0];
    }

    private static void Write(SafeFileHandle file) => RandomAccess.Write(file, [0x5A], 0);

    private static void WriteAnew(DmaBuffer buffer)
    {
        using var anew = Reopen(buffer, FileAccess.ReadWrite);
        Write(anew);
    }

    // The host's own user may open it for reading, as root may anything. It must find nothing there.
    private static void ReadAnew(DmaBuffer buffer)
    {
        using var anew = Reopen(buffer, FileAccess.Read);
        if (Read(anew) != 0) throw new CaseFailure("the descriptor can be opened anew and shows data");
    }

    private static SafeFileHandle Reopen(DmaBuffer buffer, FileAccess access) =>
        File.OpenHandle($"/proc/self/fd/{buffer.Handle.DangerousGetHandle()}", FileMode.Open, access, FileShare.ReadWrite);

    private static bool IsRefused(Action attempt)
    {
        try
        {
            attempt();
            return false;
        }
        catch (Exception exception) when (exception is DmaHeapException or UnauthorizedAccessException or IOException or NotSupportedException)
        {
            return true;
        }
    }
}

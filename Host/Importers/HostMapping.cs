using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting;

/// <summary>Memory mapped for an importer within the host's own process. Disposing it closes its descriptors and takes the mapping back.</summary>
public sealed class HostMapping : IDisposable
{
    private Action? _unmap;

    internal HostMapping(HostSegment[] segments, Action unmap) => (Segments, _unmap) = (segments, unmap);

    /// <summary>The memory, in the order of the buffer. Their lengths add up to at least the buffer's.</summary>
    public IReadOnlyList<HostSegment> Segments { get; }

    /// <summary>Closes the descriptors and takes the mapping back, as <see cref="Dispose"/> does, and says how that went.</summary>
    /// <exception cref="HeapException">EINVAL <see cref="HeapCause.BadOrder"/> or <see cref="HeapCause.NotAttached"/> when it was taken back before. Else what the heap threw; it
    /// counts as done.</exception>
    public void Unmap()
    {
        foreach (var segment in Segments) segment.Handle.Dispose();
        var unmap = Interlocked.Exchange(ref _unmap, null) ?? throw new HeapException(HeapErrno.Invalid, HeapCause.BadOrder, "the mapping was taken back before");
        unmap();
    }

    /// <summary>Closes the descriptors and takes the mapping back. What the heap throws is in the log.</summary>
    public void Dispose()
    {
        if (Volatile.Read(ref _unmap) is null) return;
        try
        {
            Unmap();
        }
        catch (HeapException)
        {
        }
    }
}

/// <summary>A range of memory, as an importer gets it.</summary>
/// <param name="Handle">A descriptor of the memory; the mapping's, and possibly the same in several segments.</param>
/// <param name="Offset">First byte in the descriptor's file.</param>
/// <param name="Length">Bytes.</param>
public readonly record struct HostSegment(SafeFileHandle Handle, long Offset, long Length);

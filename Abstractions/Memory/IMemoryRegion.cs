namespace DmaHeap;

/// <summary>
/// Part of a file or device that the host opened for a heap: memory outside the machine's normal RAM, which the heap divides among its buffers.
/// It belongs to the heap, which disposes it with itself. Immutable and safe from any thread.
/// </summary>
/// <remarks>Only the host implements this. While it is open, no other heap of any host on this machine gets a region that overlaps it.</remarks>
public interface IMemoryRegion : IDisposable
{
    /// <summary>The path it was opened by.</summary>
    string Path { get; }

    /// <summary>Length in bytes, a multiple of <see cref="PageSize"/>.</summary>
    long Length { get; }

    /// <summary>Bytes of the pages it is mapped in: offsets and lengths of ranges are multiples of it. Nothing is promised to be contiguous in any machine's memory.</summary>
    long PageSize { get; }
}

namespace DmaHeap.KernelAbi;

/// <summary>How a program is served.</summary>
public sealed record SupervisionOptions
{
    /// <summary>Whether /dev/dma_heap lists aliases; they open in any case.</summary>
    public bool ListAliases { get; init; }

    /// <summary>Whether calls are trapped that show a memfd behind a buffer: lseek, read, write, ftruncate, fallocate, mmap, the fstat family and epoll_ctl, each of which then costs a
    /// round trip on any descriptor.</summary>
    public bool Strict { get; init; }

    /// <summary>What becomes of heaps that the kernel has.</summary>
    public HeapOverlap Overlap { get; init; }
}

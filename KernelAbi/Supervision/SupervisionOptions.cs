namespace DmaHeap.KernelAbi;

/// <summary>How a program is served.</summary>
public sealed record SupervisionOptions
{
    /// <summary>Whether /dev/dma_heap lists aliases; they open in any case.</summary>
    public bool ListAliases { get; init; }

    /// <summary>What becomes of heaps that the kernel has.</summary>
    public HeapOverlap Overlap { get; init; }
}

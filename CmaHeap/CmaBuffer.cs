namespace DmaHeap.Heaps;

/// <summary>
/// A buffer of <see cref="CmaHeap"/>: pages of its own and the range of the region they stand for. What is physically contiguous about it is what its memory
/// says: each page, and no more.
/// </summary>
public sealed class CmaBuffer : HeapBuffer
{
    internal CmaBuffer(IHeapMemory memory, RegionRange range)
        : base(memory) => Range = range;

    internal RegionRange Range { get; }
}

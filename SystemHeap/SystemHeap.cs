using DmaHeap;
using DmaHeap.Heaps;

[assembly: HeapType(typeof(SystemHeap))]

namespace DmaHeap.Heaps;

/// <summary>Zeroed pages of the machine's own size, as many as there are: the heap for whoever has no wishes.</summary>
/// <param name="context">The host's side.</param>
[HeapCapabilities(HeapCapabilities.CpuMappable | HeapCapabilities.ZeroFilled)]
public sealed class SystemHeap(IHeapContext context) : Heap<HeapBuffer>
{
    /// <inheritdoc/>
    protected override HeapBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken) =>
        context.Memory.AllocateBuffer(new PageRequest { Length = request.Length, Commit = request.Commit });
}

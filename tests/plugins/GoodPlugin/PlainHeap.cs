using DmaHeap;

namespace GoodPlugin;

public sealed class PlainHeap(IHeapContext context) : Heap<HeapBuffer>
{
    protected override HeapBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken) =>
        throw new HeapException(HeapErrno.NoMemory, "plain", $"{context.Name} has no memory");
}

using DmaHeap;
using LeakyPlugin;

[assembly: HeapType(typeof(LeakyHeap))]

namespace LeakyPlugin;

/// <summary>Registers on a token of the host and forgets to dispose that: it cannot be unloaded while the host holds the token's source.</summary>
public sealed class LeakyHeap : Heap<HeapBuffer>
{
    int _stopped;

    public LeakyHeap(IHeapContext context) => context.Stopping.Register(() => _stopped++);

    protected override HeapBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken) =>
        throw new HeapException(HeapErrno.NoMemory, "leaky", "a leak has no memory");
}

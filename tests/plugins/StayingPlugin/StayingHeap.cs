using DmaHeap;
using StayingPlugin;

[assembly: HeapType(typeof(StayingHeap))]

namespace StayingPlugin;

/// <summary>Does all it should, but for an event of .NET's that it never lets go of.</summary>
[HeapCapabilities(HeapCapabilities.CpuMappable | HeapCapabilities.ZeroFilled)]
public sealed class StayingHeap : Heap<HeapBuffer>
{
    readonly IHeapMemoryService _memory;
    int _exits;

    public StayingHeap(IHeapContext context)
    {
        _memory = context.Memory;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => _exits++;
    }

    protected override HeapBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken) =>
        new(_memory.AllocatePages(new PageRequest { Length = request.Length }));
}

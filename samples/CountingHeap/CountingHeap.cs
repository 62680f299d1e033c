using DmaHeap;
using Vendor;

[assembly: HeapType(typeof(CountingHeap))]

namespace Vendor;

/// <summary>Ordinary memory that counts how often a CPU is about to touch it, and says so when a buffer is released.</summary>
[HeapCapabilities(HeapCapabilities.CpuMappable | HeapCapabilities.ZeroFilled)]
public sealed class CountingHeap(IHeapContext context) : Heap<CountingBuffer>
{
    protected override CountingBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken) =>
        new(context.Memory.AllocatePages(new PageRequest { Length = request.Length, Commit = request.Commit }));

    protected override void Release(CountingBuffer buffer, ReleaseReason reason) =>
        context.Log.Write(HeapLogLevel.Information, "A buffer was released", new LogField("CpuAccesses", buffer.CpuAccesses));
}

/// <summary>A buffer with one op overridden; every other op is the default.</summary>
public sealed class CountingBuffer(IHeapMemory memory) : HeapBuffer(memory)
{
    /// <summary>A plain field is enough: the host never calls two ops of one buffer at once.</summary>
    public long CpuAccesses { get; private set; }

    public override void BeginCpuAccess(in CpuAccess access) => CpuAccesses++;
}

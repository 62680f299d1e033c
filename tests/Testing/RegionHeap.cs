using DmaHeap.Testing;

namespace DmaHeap.Tests.Testing;

/// <summary>A heap of fixed size that does everything right, small enough that one can see it does. The wrong heaps are this one with one thing spoilt.</summary>
[HeapCapabilities(HeapCapabilities.CpuMappable | HeapCapabilities.ZeroFilled | HeapCapabilities.FixedCapacity)]
class RegionHeap(IHeapContext context) : Heap<HeapBuffer>, IHeapGauge
{
    protected const long Capacity = 16L << 20;

    private long _free = Capacity;

    protected IHeapContext Context => context;

    protected long Free => Interlocked.Read(ref _free);

    public virtual HeapGauges ReadGauges()
    {
        var free = Free;
        return new HeapGauges { Capacity = Capacity, Free = free, LargestRun = free };
    }

    protected override HeapBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (request.Length > Capacity) throw LargerThanHeap(request.Length);
        Take(request.Length);
        try
        {
            return Make(in request);
        }
        catch
        {
            GiveBack(request.Length);
            throw;
        }
    }

    protected override void Release(HeapBuffer buffer, ReleaseReason reason) => GiveBack(buffer.Length);

    protected virtual HeapBuffer Make(in AllocationRequest request) => new(Pages(request.Length));

    protected virtual HeapException LargerThanHeap(long length) =>
        new(HeapErrno.NoMemory, HeapCause.LargerThanHeap, $"{length} bytes are more than the heap's {Capacity}");

    protected virtual HeapException Full(long length) =>
        new(HeapErrno.NoMemory, HeapCause.Exhausted, $"{Free} bytes are free and {length} were asked for");

    protected IHeapMemory Pages(long length) => context.Memory.AllocatePages(new PageRequest { Length = length });

    protected void GiveBack(long length) => Interlocked.Add(ref _free, length);

    private void Take(long length)
    {
        if (Interlocked.Add(ref _free, -length) >= 0) return;
        GiveBack(length);
        throw Full(length);
    }
}

using DmaHeap.Testing;

namespace DmaHeap.Tests.Testing;

/// <summary>Further faults that a case finds beside the one of <see cref="WrongHeaps"/>: the case, what it must have seen, the heap.</summary>
static class MoreWrongHeaps
{
    public static IReadOnlyDictionary<string, (string Case, string Seen, HeapUnderTest Heap)> ByFault { get; } = new Dictionary<string, (string, string, HeapUnderTest)>
    {
        ["dirty from the start"] = ("zeroed-memory", "before any buffer was released", Region(context => new NeverClean(context))),
        ["throws in Release"] = ("release-once", "Release threw InvalidOperationException", Region(context => new ThrowsInRelease(context))),
        ["one word for a sentence"] = ("exhaustion", "no sentence", Region(context => new ShortSpoken(context))),
        ["throws what is not of the contract"] = ("refusals", "Allocate threw OutOfMemoryException", Region(context => new ThrowsWhatItLikes(context))),
        ["no gauge"] = ("gauges", "does not implement IHeapGauge", HeapUnderTest.Of(context => new SaysNothing(context))),
    };

    private static HeapUnderTest Region(Func<IHeapContext, RegionHeap> create) => HeapUnderTest.Of(create);

    private sealed class NeverClean(IHeapContext context) : RegionHeap(context)
    {
        protected override HeapBuffer Make(in AllocationRequest request)
        {
            var memory = Pages(request.Length);
            using var file = memory.OpenDescriptor();
            RandomAccess.Write(file, [0x5A], 0);
            return new HeapBuffer(memory);
        }
    }

    // Some times and not always: the host gives up a heap that does nothing but throw, which every case would see.
    private sealed class ThrowsInRelease(IHeapContext context) : RegionHeap(context)
    {
        private int _thrown;

        protected override void Release(HeapBuffer buffer, ReleaseReason reason)
        {
            base.Release(buffer, reason);
            if (reason == ReleaseReason.LastReferenceGone && Interlocked.Increment(ref _thrown) <= 5) throw new InvalidOperationException("not now");
        }
    }

    private sealed class ShortSpoken(IHeapContext context) : RegionHeap(context)
    {
        protected override HeapException Full(long length) => new(HeapErrno.NoMemory, HeapCause.Exhausted, "full");
    }

    private sealed class ThrowsWhatItLikes(IHeapContext context) : RegionHeap(context)
    {
        protected override HeapBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken) =>
            request.Length > Capacity ? throw new OutOfMemoryException("no") : base.Allocate(in request, cancellationToken);
    }

    // Not a RegionHeap: that one has a gauge.
    [HeapCapabilities(HeapCapabilities.CpuMappable | HeapCapabilities.ZeroFilled | HeapCapabilities.FixedCapacity)]
    private sealed class SaysNothing(IHeapContext context) : IHeap
    {
        private readonly IHeap _heap = new RegionHeap(context);

        public HeapBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken) => _heap.Allocate(in request, cancellationToken);

        public void Release(HeapBuffer buffer, ReleaseReason reason) => _heap.Release(buffer, reason);

        public void Dispose() => _heap.Dispose();
    }
}

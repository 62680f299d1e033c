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
        ["maps past its memory"] = ("ops-map", "of a memory of", Region(context => new MapsPastItsMemory(context))),
        ["fails while importers go"] = ("ops-unwinding", "ops threw while importers were unwound", Region(context => new FailsAfterCpuAccess(context))),
        ["complains of no option"] = ("options", "refused at no option", HeapUnderTest.Of(context => new Complaining(context, new ComplainingOptions()))),
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

    private sealed class MapsPastItsMemory(IHeapContext context) : RegionHeap(context)
    {
        protected override HeapBuffer Make(in AllocationRequest request) => new LongBuffer(Pages(request.Length));

        private sealed class LongBuffer(IHeapMemory memory) : HeapBuffer(memory)
        {
            public override IReadOnlyList<MemorySegment> Map(BufferAttachment attachment, DataDirection direction) =>
                attachment.Constraints.MaxSegments == 1 ? [new MemorySegment(Memory, 0, Length + 1)] : base.Map(attachment, direction);
        }
    }

    private sealed class FailsAfterCpuAccess(IHeapContext context) : RegionHeap(context)
    {
        protected override HeapBuffer Make(in AllocationRequest request) => new Confused(Pages(request.Length));

        private sealed class Confused(IHeapMemory memory) : HeapBuffer(memory)
        {
            private int _mapped;
            private bool _touched;

            public override IReadOnlyList<MemorySegment> Map(BufferAttachment attachment, DataDirection direction)
            {
                (_mapped, _touched) = (_mapped + 1, false);
                return base.Map(attachment, direction);
            }

            public override void EndCpuAccess(in CpuAccess access) => _touched = _mapped > 0;

            public override void Unmap(BufferAttachment attachment, IReadOnlyList<MemorySegment> segments, DataDirection direction)
            {
                _mapped--;
                if (_touched) throw new InvalidOperationException("touched meanwhile");
            }
        }
    }

    [HeapCapabilities(HeapCapabilities.CpuMappable | HeapCapabilities.ZeroFilled | HeapCapabilities.FixedCapacity)]
    internal sealed class Complaining : RegionHeap
    {
        public Complaining(IHeapContext context, ComplainingOptions options)
            : base(context) => _ = options;
    }

    /// <summary>Options of <see cref="Complaining"/>, whose rule names what is no option.</summary>
    public sealed class ComplainingOptions : ICheckedOptions
    {
        /// <summary>Requests that may wait.</summary>
        [Option("Requests that may wait.", Default = "1", Minimum = "0", Maximum = "8")]
        public int Depth { get; init; } = 1;

        /// <inheritdoc/>
        public IEnumerable<OptionError> Check() => Depth == 8 ? [new OptionError("depth of the queue", "8 is too deep")] : [];
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

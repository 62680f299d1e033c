using DmaHeap.Testing;

namespace DmaHeap.Tests.Testing;

/// <summary>The heaps of <see cref="WrongHeaps"/> whose one fault is in an op.</summary>
static class WrongOps
{
    public static IReadOnlyDictionary<string, HeapUnderTest> ByCase { get; } = new Dictionary<string, HeapUnderTest>
    {
        ["ops-order"] = With("MapsOnce", memory => new MapsOnce(memory)),
        ["ops-map"] = With("ForgetsTheLastSegment", memory => new ForgetsTheLastSegment(memory)),
        ["ops-constraints"] = With("TakesAnyImporter", memory => new TakesAnyImporter(memory)),
        ["ops-refusal"] = With("RefusesToReadersOnly", memory => new RefusesToReadersOnly(memory)),
        ["ops-unwinding"] = WrongHeaps.Region(context => new BouncesAndForgets(context)),
        ["cpu-access"] = With("OneAccessAtATime", memory => new OneAccessAtATime(memory)),
        ["vmap"] = With("VmapsHalf", memory => new VmapsHalf(memory)),
    };

    private static HeapUnderTest With(string name, Func<IHeapMemory, HeapBuffer> wrap) => WrongHeaps.Region(context => new Wrapping(context, wrap)) with { Name = name };

    private sealed class Wrapping(IHeapContext context, Func<IHeapMemory, HeapBuffer> wrap) : RegionHeap(context)
    {
        protected override HeapBuffer Make(in AllocationRequest request) => wrap(Pages(request.Length));
    }

    private sealed class MapsOnce(IHeapMemory memory) : HeapBuffer(memory)
    {
        private BufferAttachment? _last;

        public override IReadOnlyList<MemorySegment> Map(BufferAttachment attachment, DataDirection direction)
        {
            if (ReferenceEquals(attachment, Interlocked.Exchange(ref _last, attachment))) throw new InvalidOperationException("mapped before");
            return base.Map(attachment, direction);
        }
    }

    private sealed class ForgetsTheLastSegment(IHeapMemory memory) : HeapBuffer(memory)
    {
        public override IReadOnlyList<MemorySegment> Map(BufferAttachment attachment, DataDirection direction)
        {
            var segments = base.Map(attachment, direction);
            return segments.Count > 1 ? [.. segments.SkipLast(1)] : segments;
        }
    }

    private sealed class TakesAnyImporter(IHeapMemory memory) : HeapBuffer(memory)
    {
        public override BufferAttachment Attach(in AttachRequest request) => new(in request);
    }

    private sealed class RefusesToReadersOnly(IHeapMemory memory) : HeapBuffer(memory)
    {
        public override IReadOnlyList<MemorySegment> Map(BufferAttachment attachment, DataDirection direction) => direction == DataDirection.FromDevice
            ? throw new HeapException(HeapErrno.NotPermitted, HeapCause.AccessDenied, "this buffer is not written by devices")
            : base.Map(attachment, direction);
    }

    private sealed class BouncesAndForgets(IHeapContext context) : RegionHeap(context)
    {
        private readonly List<IHeapMemory> _forgotten = [];

        protected override HeapBuffer Make(in AllocationRequest request) => new BouncingBuffer(Pages(request.Length), this);

        // Only so that the test leaves nothing behind; the kit has long counted them by then.
        protected override void Dispose(bool disposing) => _forgotten.ForEach(memory => memory.Dispose());

        private sealed class BouncingBuffer(IHeapMemory memory, BouncesAndForgets heap) : HeapBuffer(memory)
        {
            public override IReadOnlyList<MemorySegment> Map(BufferAttachment attachment, DataDirection direction)
            {
                heap._forgotten.Add(heap.Pages(Length));
                return base.Map(attachment, direction);
            }
        }
    }

    private sealed class OneAccessAtATime(IHeapMemory memory) : HeapBuffer(memory)
    {
        private bool _inside;

        public override void BeginCpuAccess(in CpuAccess access)
        {
            if (_inside) throw new HeapException(HeapErrno.Busy, "in-use", "somebody touches the buffer already");
            _inside = true;
        }

        public override void EndCpuAccess(in CpuAccess access) => _inside = false;
    }

    private sealed class VmapsHalf(IHeapMemory memory) : HeapBuffer(memory)
    {
        public override MemorySegment Vmap() => new(Memory, 0, Length / 2);
    }
}

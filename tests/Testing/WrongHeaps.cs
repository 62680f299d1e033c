using DmaHeap.Testing;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Tests.Testing;

/// <summary>For each case of the kit a heap with the one fault the case is there to find.</summary>
static class WrongHeaps
{
    private static readonly Dictionary<string, HeapUnderTest> s_ofAllocation = new()
    {
        ["lengths"] = Region(context => new ShortOfAPage(context)),
        ["zeroed-memory"] = Region(context => new ReusesDirtyMemory(context)),
        ["cpu-mappable"] = Region(context => new RefusesToMapLargeBuffers(context)),
        ["unmappable"] = HeapUnderTest.Of(context => new SecretsInPlainMemory(context)),
        ["concurrent-allocation"] = Region(context => new ForOneThreadOnly(context)),
        ["release-once"] = Region(context => new KeepsADescriptorOfNamedBuffers(context)),
        ["release-reasons"] = Region(context => new KnowsOneReasonOnly(context)),
        ["descriptors"] = Region(context => new ForgetsItsFirstTry(context)),
        ["exhaustion"] = Region(context => new BusyWhenFull(context)),
        ["recovery"] = Region(context => new LosesAPageOfLargeBuffers(context)),
        ["gauges"] = Region(context => new AlwaysEmpty(context)),
        ["refusals"] = Region(context => new ShoutsItsCauses(context)),
        ["cancellation"] = Region(context => new FailsWhenCancelled(context)),
        ["disposal"] = Region(context => new ThrowsWhenDisposed(context)),
    };

    public static IReadOnlyDictionary<string, HeapUnderTest> ByCase { get; } = s_ofAllocation.Concat(WrongOps.ByCase).Concat(WrongManners.ByCase).ToDictionary();

    // The promises are the right heap's: the attribute is not inherited.
    public static HeapUnderTest Region<THeap>(Func<IHeapContext, THeap> create)
        where THeap : RegionHeap => HeapUnderTest.Of<RegionHeap>(create, typeof(THeap).Name) with { Patience = TimeSpan.FromSeconds(3) };

    private sealed class ShortOfAPage(IHeapContext context) : RegionHeap(context)
    {
        protected override HeapBuffer Make(in AllocationRequest request)
        {
            var page = Context.Memory.Capabilities.PageSize;
            var odd = request.Length > 2 * page && request.Length / page % 2 == 1;
            return new HeapBuffer(Pages(odd ? request.Length - page : request.Length));
        }
    }

    private sealed class ReusesDirtyMemory(IHeapContext context) : RegionHeap(context)
    {
        private volatile bool _released;

        protected override HeapBuffer Make(in AllocationRequest request)
        {
            var memory = Pages(request.Length);
            if (!_released) return new HeapBuffer(memory);
            using var file = memory.OpenDescriptor();
            RandomAccess.Write(file, [0x5A], memory.Length - 1);
            return new HeapBuffer(memory);
        }

        protected override void Release(HeapBuffer buffer, ReleaseReason reason)
        {
            base.Release(buffer, reason);
            _released = true;
        }
    }

    private sealed class RefusesToMapLargeBuffers(IHeapContext context) : RegionHeap(context)
    {
        protected override HeapBuffer Make(in AllocationRequest request) => new ShyBuffer(Pages(request.Length));

        private sealed class ShyBuffer(IHeapMemory memory) : HeapBuffer(memory)
        {
            public override MmapPolicy MmapPolicy => Length >= 4L << 20 ? MmapPolicy.Refused : MmapPolicy.Allowed;
        }
    }

    [HeapCapabilities(HeapCapabilities.Unmappable)]
    private sealed class SecretsInPlainMemory(IHeapContext context) : Heap<HeapBuffer>
    {
        protected override HeapBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken) =>
            new NoVmap(context.Memory.AllocatePages(new PageRequest { Length = request.Length }));

        private sealed class NoVmap(IHeapMemory memory) : HeapBuffer(memory)
        {
            public override MemorySegment Vmap() => throw new HeapException(HeapErrno.NotSupported, HeapCause.AccessDenied, "a secret is mapped by nobody");
        }
    }

    private sealed class ForOneThreadOnly(IHeapContext context) : RegionHeap(context)
    {
        private int _inside;

        protected override HeapBuffer Make(in AllocationRequest request)
        {
            try
            {
                if (Interlocked.Increment(ref _inside) > 1) throw new InvalidOperationException("two threads at once");
                Thread.Yield();
                return base.Make(in request);
            }
            finally
            {
                Interlocked.Decrement(ref _inside);
            }
        }
    }

    private sealed class KeepsADescriptorOfNamedBuffers(IHeapContext context) : RegionHeap(context)
    {
        private readonly List<SafeFileHandle> _kept = [];

        protected override HeapBuffer Make(in AllocationRequest request)
        {
            var memory = Pages(request.Length);
            if (request.Name.Length > 0) _kept.Add(memory.OpenDescriptor());
            return new HeapBuffer(memory);
        }

        protected override void Dispose(bool disposing) => _kept.ForEach(file => file.Dispose());
    }

    private sealed class KnowsOneReasonOnly(IHeapContext context) : RegionHeap(context)
    {
        protected override void Release(HeapBuffer buffer, ReleaseReason reason)
        {
            base.Release(buffer, reason);
            if (reason != ReleaseReason.LastReferenceGone) throw new ArgumentOutOfRangeException(nameof(reason));
        }
    }

    private sealed class ForgetsItsFirstTry(IHeapContext context) : RegionHeap(context)
    {
        private readonly List<IHeapMemory> _forgotten = [];

        protected override HeapBuffer Make(in AllocationRequest request)
        {
            lock (_forgotten) _forgotten.Add(Pages(request.Length));
            return base.Make(in request);
        }

        // Only so that the test leaves nothing behind; the host has long counted them by then.
        protected override void Dispose(bool disposing) => _forgotten.ForEach(memory => memory.Dispose());
    }

    private sealed class BusyWhenFull(IHeapContext context) : RegionHeap(context)
    {
        protected override HeapException Full(long length) => new(HeapErrno.Busy, HeapCause.Exhausted, base.Full(length).Message);
    }

    private sealed class LosesAPageOfLargeBuffers(IHeapContext context) : RegionHeap(context)
    {
        protected override void Release(HeapBuffer buffer, ReleaseReason reason) =>
            GiveBack(buffer.Length >= 1L << 20 ? buffer.Length - Context.Memory.Capabilities.PageSize : buffer.Length);
    }

    private sealed class AlwaysEmpty(IHeapContext context) : RegionHeap(context)
    {
        public override HeapGauges ReadGauges() => new() { Capacity = Capacity, Free = Capacity, LargestRun = Capacity };
    }

    private sealed class ShoutsItsCauses(IHeapContext context) : RegionHeap(context)
    {
        protected override HeapException LargerThanHeap(long length) => new(HeapErrno.NoMemory, "TOO LARGE!", base.LargerThanHeap(length).Message);
    }

    private sealed class FailsWhenCancelled(IHeapContext context) : RegionHeap(context)
    {
        protected override HeapBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken)
        {
            if (cancellationToken.IsCancellationRequested) throw new InvalidOperationException("cancelled");
            return base.Allocate(in request, cancellationToken);
        }
    }

    private sealed class ThrowsWhenDisposed(IHeapContext context) : RegionHeap(context)
    {
        protected override void Dispose(bool disposing) => throw new InvalidOperationException("not now");
    }
}

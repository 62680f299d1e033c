using System.IO.MemoryMappedFiles;
using DmaHeap.Testing;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Testing;

/// <summary>The heaps of <see cref="WrongHeaps"/> whose one fault is beside their buffers: in what they keep, their options, their end.</summary>
static class WrongManners
{
    public static IReadOnlyDictionary<string, HeapUnderTest> ByCase { get; } = new Dictionary<string, HeapUnderTest>
    {
        ["mappings"] = WrongHeaps.Region(context => new MapsAScratch(context)),
        ["shrinker"] = WrongHeaps.Region(context => new PromisesToShrink(context)),
        ["options"] = HeapUnderTest.Of(context => new FailsAtItsMost(context, new DepthOptions())),
        ["unload"] = PluginUnderTest.Load(Builds.Plugin("StayingPlugin")).Heap("StayingHeap"),
    };

    private sealed class MapsAScratch(IHeapContext context) : RegionHeap(context)
    {
        private readonly List<MemoryMappedViewAccessor> _views = [];

        protected override HeapBuffer Make(in AllocationRequest request)
        {
            using var scratch = Pages(request.Length);
            using var stream = new FileStream(scratch.OpenDescriptor(), FileAccess.ReadWrite);
            using var file = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: true);
            lock (_views) _views.Add(file.CreateViewAccessor());
            return base.Make(in request);
        }

        // Only so that the test leaves nothing behind; the kit has long counted them by then.
        protected override void Dispose(bool disposing) => _views.ForEach(view => view.Dispose());
    }

    private sealed class PromisesToShrink(IHeapContext context) : PoolingHeap(context)
    {
        private bool _promised;

        public override long Count() => _promised ? 0 : base.Count();

        public override long Scan(long bytes)
        {
            var promised = Count();
            _promised = true;
            return promised;
        }
    }

    [HeapCapabilities(HeapCapabilities.CpuMappable | HeapCapabilities.ZeroFilled | HeapCapabilities.FixedCapacity)]
    internal sealed class FailsAtItsMost : RegionHeap
    {
        private static readonly int[] s_queues = new int[8];

        public FailsAtItsMost(IHeapContext context, DepthOptions options)
            : base(context) => s_queues[options.Depth]++;
    }

    /// <summary>Options of <see cref="FailsAtItsMost"/>, which allow one more than it can do.</summary>
    public sealed class DepthOptions
    {
        /// <summary>Requests that may wait.</summary>
        [Option("Requests that may wait.", Default = "1", Minimum = "0", Maximum = "8")]
        public int Depth { get; init; } = 1;
    }
}

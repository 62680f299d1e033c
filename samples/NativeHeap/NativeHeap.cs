using DmaHeap;
using Vendor;

[assembly: HeapType(typeof(NativeHeap), Options = typeof(NativeHeapOptions))]

namespace Vendor;

/// <summary>The heap's <c>"options"</c>.</summary>
public sealed class NativeHeapOptions
{
    [Option("Size of the region; whole pages of the machine are used.", Default = "64MiB", Minimum = "64KiB", Maximum = "4GiB")]
    public ByteSize Size { get; init; } = new(64L << 20);
}

/// <summary>A region of fixed size, of which native code decides who gets what.</summary>
[HeapCapabilities(HeapCapabilities.CpuMappable | HeapCapabilities.ZeroFilled | HeapCapabilities.FixedCapacity)]
public sealed class NativeHeap : Heap<NativeBuffer>, IHeapGauge
{
    private readonly IHeapContext _context;
    private readonly Carveout _region;
    private readonly long _page, _capacity;

    public NativeHeap(IHeapContext context, NativeHeapOptions options)
    {
        _context = context;
        _page = context.Memory.Capabilities.PageSize;
        _capacity = options.Size.Bytes / _page * _page;
        try
        {
            _region = Carveout.Create(_capacity / _page);
        }
        catch (DllNotFoundException missing)
        {
            // The heap is listed as unavailable with this reason, or the host does not start: as its "required" says.
            throw new HeapException(HeapErrno.NoDevice, HeapCause.Unavailable, "libcarveout.so for this machine is not in the plugin's folder", missing);
        }
    }

    public HeapGauges ReadGauges()
    {
        var (pages, longest) = _region.Free();
        return new HeapGauges { Capacity = _capacity, Free = pages * _page, LargestRun = longest * _page };
    }

    protected override NativeBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken)
    {
        var pages = ((request.Length - 1) / _page) + 1;
        var first = _region.Take(pages);
        if (first < 0) throw Refusal(request.Length);
        try
        {
            return new NativeBuffer(_context.Memory.AllocatePages(new PageRequest { Length = pages * _page, Commit = request.Commit }), first, pages);
        }
        catch
        {
            _region.Give(first, pages);
            throw;
        }
    }

    protected override void Release(NativeBuffer buffer, ReleaseReason reason)
    {
        // A client goes on using the buffer after the host has stopped, so its part of the region is not free.
        if (reason != ReleaseReason.HostStopping) _region.Give(buffer.First, buffer.Pages);
    }

    protected override void Dispose(bool disposing) => _region.Dispose();

    private HeapException Refusal(long length)
    {
        var gauges = ReadGauges();
        var cause = length > _capacity ? HeapCause.LargerThanHeap : length > gauges.Free ? HeapCause.Exhausted : HeapCause.Fragmented;
        return new HeapException(
            HeapErrno.NoMemory, cause, $"{new ByteSize(length)} were asked for; free are {new ByteSize(gauges.Free)}, {new ByteSize(gauges.LargestRun)} of them in one run");
    }
}

/// <summary>A buffer, and the pages of the region that it stands for.</summary>
public sealed class NativeBuffer : HeapBuffer
{
    internal NativeBuffer(IHeapMemory memory, long first, long pages)
        : base(memory) => (First, Pages) = (first, pages);

    internal long First { get; }

    internal long Pages { get; }
}

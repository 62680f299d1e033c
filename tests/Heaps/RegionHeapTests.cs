using DmaHeap.Heaps;
using static DmaHeap.Tests.Heaps.HeapCalls;

namespace DmaHeap.Tests.Heaps;

public sealed class RegionHeapTests
{
    private const long Page = 4096;
    private const uint Cameras = 1000;
    private const uint Displays = 2000;
    private const uint Nobody = 3000;

    private static readonly RegionImporterRule s_cameras = new() { Users = [Cameras], Domain = "cameras" };
    private static readonly RegionImporterRule s_displays = new() { Users = [Displays], Domain = "displays" };

    private readonly FakeHeapContext _context = new();

    [Fact]
    public void The_assembly_declares_a_heap_of_fixed_size_with_unmappable_buffers()
    {
        Assert.Equal(typeof(RegionHeapOptions), Declaration(typeof(RegionHeap)).Options);
        Assert.Equal(HeapCapabilities.Unmappable | HeapCapabilities.FixedCapacity, Capabilities(typeof(RegionHeap)));
    }

    [Fact]
    public void The_region_is_opened_as_configured_and_divided_among_buffers()
    {
        using var heap = Heap(pages: 8, s_cameras);
        var opened = Assert.Single(_context.Memory.RegionRequests);
        Assert.Equal(("/dev/memory", 2 * Page, 8 * Page), (opened.Path, opened.Offset, opened.Length));

        var first = heap.Allocate(2 * Page);
        var second = heap.Allocate(2 * Page);
        heap.Free(first);
        var third = heap.Allocate(2 * Page);

        Assert.Equal([(0, 2 * Page), (2 * Page, 2 * Page), (0, 2 * Page)], _context.Memory.Ranges);
        Assert.Equal((MemoryKind.Range, MmapPolicy.Refused), (third.Memory.Kind, third.MmapPolicy));
        Assert.Equal((8 * Page, 4 * Page, 4 * Page), Gauges(heap));
        heap.Free(second);
        heap.Free(third);
        Assert.Equal((8 * Page, 8 * Page, 8 * Page), Gauges(heap));
    }

    [Fact]
    public void A_region_that_cannot_be_opened_is_why_the_heap_does_not_start()
    {
        var refusal = new HeapException(HeapErrno.NoDevice, HeapCause.Unavailable, "/dev/memory cannot be found");
        _context.Memory.RegionFailure = refusal;
        Assert.Same(refusal, Assert.Throws<HeapException>(() => Heap(8)));
    }

    [Fact]
    public void A_region_that_another_heap_has_is_opened_as_soon_as_that_has_given_it_up()
    {
        _context.Memory.RegionFailure = new HeapException(HeapErrno.Busy, HeapCause.RangeInUse, "it is the region of another heap");
        using var heap = Heap(8, s_cameras);
        Assert.Equal((HeapLogLevel.Warning, "it is the region of another heap; nothing can be allocated until that heap has given it up"), (Assert.Single(_context.Entries).Level, _context.Entries.First().Message));
        Assert.Equal((8 * Page, 0, 0), Gauges(heap));
        Refuses(() => heap.Allocate(Page), HeapErrno.Busy, HeapCause.RangeInUse);

        _context.Memory.RegionFailure = null;
        heap.Free(heap.Allocate(Page));
        Assert.Equal((8 * Page, 8 * Page, 8 * Page), Gauges(heap));
        Assert.Single(_context.Memory.RegionRequests);
    }

    [Fact]
    public void A_range_that_could_not_be_had_is_free_again()
    {
        using var heap = Heap(pages: 8, s_cameras, s_displays);
        _context.Memory.Failure = new HeapException(HeapErrno.NoMemory, HeapCause.System, "no space left on the device");
        Refuses(() => heap.Allocate(8 * Page), HeapErrno.NoMemory, HeapCause.System);
        _context.Memory.Failure = null;
        Assert.Equal(8 * Page, heap.Allocate(8 * Page).Length);
    }

    [Theory]
    [InlineData(9, HeapCause.LargerThanHeap, "larger than the heap: its region has 32 KiB (8 pages), 36 KiB asked for")]
    [InlineData(7, HeapCause.Exhausted, "exhausted: 24 KiB free (6 pages), largest run 16 KiB, 28 KiB asked for")]
    [InlineData(5, HeapCause.Fragmented, "fragmented: 24 KiB free (6 pages), largest run 16 KiB, 20 KiB asked for")]
    public void What_does_not_fit_is_refused_with_what_would(int pages, string cause, string sentence)
    {
        using var heap = Heap(pages: 8, s_cameras);
        var first = heap.Allocate(2 * Page);
        heap.Allocate(2 * Page);
        heap.Free(first);
        Assert.Equal(sentence, Refuses(() => heap.Allocate(pages * Page), HeapErrno.NoMemory, cause).Message);
    }

    [Fact]
    public void An_importer_trusted_with_the_file_is_given_the_range_and_another_is_refused_and_logged()
    {
        using var heap = Heap(pages: 8, s_cameras);
        var buffer = heap.Allocate(4 * Page);

        var segments = buffer.Map(Attach(buffer, Cameras, maxSegmentBytes: 2 * Page), DataDirection.FromDevice);
        Assert.Equal([(0, 2 * Page), (2 * Page, 2 * Page)], segments.Select(segment => (segment.Offset, segment.Length)));
        Refuses(() => buffer.Map(Attach(buffer, Displays), DataDirection.FromDevice), HeapErrno.NotPermitted, HeapCause.ImporterDenied);
        Assert.EndsWith(
            "A range of /dev/memory was refused to process 4711 of user 2000: neither user 2000 nor one of its groups is among the configured importers",
            _context.Entries.Last().Message);
    }

    [Fact]
    public void Without_rules_nobody_maps_and_the_log_says_so_at_the_start()
    {
        using var heap = Heap(pages: 8);
        Assert.EndsWith("no importer is trusted with it", Assert.Single(_context.Entries).Message);
        var buffer = heap.Allocate(Page);
        Refuses(() => buffer.Map(Attach(buffer, 0), DataDirection.ToDevice), HeapErrno.NotPermitted, HeapCause.ImporterDenied);
    }

    [Fact]
    public void With_one_domain_mapped_ranges_are_used_again_for_everybody()
    {
        using var heap = Heap(pages: 8, s_cameras);
        MapAndFree(heap, heap.Allocate(8 * Page), Cameras);
        Assert.Equal((8 * Page, 8 * Page, 8 * Page), Gauges(heap));
        heap.Free(Allocate(heap, 8, client: Nobody));
    }

    [Fact]
    public void A_range_that_a_domain_mapped_goes_only_to_that_domain_afterwards()
    {
        using var heap = Heap(pages: 8, s_cameras, s_displays);
        MapAndFree(heap, Allocate(heap, 6, client: Nobody), Cameras);

        Assert.Equal((8 * Page, 8 * Page, 8 * Page), Gauges(heap));
        foreach (var client in new[] { Nobody, Displays })
        {
            var refusal = Refuses(() => Allocate(heap, 4, client), HeapErrno.NoMemory, HeapCause.Exhausted);
            Assert.EndsWith("; 24 KiB more are kept for trust domains that have had them", refusal.Message);
        }

        heap.Free(Allocate(heap, 2, client: Displays)); // what nobody has mapped is anybody's
        var whole = Allocate(heap, 8, client: Cameras);
        heap.Free(whole); // not mapped this time: the marks stay as they were
        heap.Free(Allocate(heap, 2, client: Displays));
        Refuses(() => Allocate(heap, 3, client: Displays), HeapErrno.NoMemory, HeapCause.Exhausted);
    }

    [Fact]
    public void A_buffer_is_of_its_clients_domain_or_of_the_first_importers()
    {
        using var heap = Heap(pages: 8, s_cameras, s_displays);
        var ofClient = Allocate(heap, 1, client: Cameras);
        var refusal = Refuses(() => ofClient.Map(Attach(ofClient, Displays), DataDirection.ToDevice), HeapErrno.NotPermitted, HeapCause.ImporterDenied);
        Assert.EndsWith("it is trusted in domain displays, and the buffer belongs to domain cameras", refusal.Message);

        var ofNobody = Allocate(heap, 1, client: Nobody);
        ofNobody.Map(Attach(ofNobody, Displays), DataDirection.ToDevice);
        Refuses(() => ofNobody.Map(Attach(ofNobody, Cameras), DataDirection.ToDevice), HeapErrno.NotPermitted, HeapCause.ImporterDenied);
        Assert.Single(ofNobody.Map(Attach(ofNobody, Displays), DataDirection.ToDevice));
    }

    [Fact]
    public void A_thousand_allocations_never_give_a_domain_what_another_has_mapped()
    {
        var random = new Random(20240607);
        using var heap = Heap(pages: 64, s_cameras, s_displays);
        var marks = new uint[64];
        var live = new List<HeapBuffer>();
        for (var turn = 0; turn < 1000; turn++)
        {
            if (live.Count > 0 && random.Next(2) == 0)
            {
                var index = random.Next(live.Count);
                heap.Free(live[index]);
                live.RemoveAt(index);
                continue;
            }

            var client = new[] { Cameras, Displays, Nobody }[random.Next(3)];
            HeapBuffer buffer;
            try
            {
                buffer = Allocate(heap, random.Next(1, 9), client);
            }
            catch (HeapException)
            {
                continue;
            }

            live.Add(buffer);
            var (offset, length) = _context.Memory.Ranges.Last();
            var importer = client == Nobody ? new[] { Cameras, Displays }[random.Next(2)] : client;
            if (random.Next(2) == 0) continue;
            buffer.Map(Attach(buffer, importer), DataDirection.ToDevice);
            for (var page = offset / Page; page < (offset + length) / Page; page++)
            {
                Assert.True(marks[page] == 0 || marks[page] == importer, $"page {page} was given to {importer} after {marks[page]}");
                marks[page] = importer;
            }
        }

        Assert.Contains(Cameras, marks);
        Assert.Contains(Displays, marks);
        foreach (var buffer in live) heap.Free(buffer);
        Assert.Equal(64 * Page, heap.ReadGauges().Free);
    }

    [Fact]
    public void What_clients_hold_when_the_host_stops_is_not_free()
    {
        using var heap = Heap(pages: 8, s_cameras);
        heap.Free(heap.Allocate(Page), ReleaseReason.HostStopping);
        Assert.Equal(7 * Page, heap.ReadGauges().Free);
    }

    private RegionHeap Heap(int pages, params RegionImporterRule[] rules) => new(
        _context, new RegionHeapOptions { Path = "/dev/memory", Offset = new ByteSize(2 * Page), Size = new ByteSize(pages * Page), Importers = rules });

    private static HeapBuffer Allocate(IHeap heap, int pages, uint client) => heap.Allocate(
        new AllocationRequest { Length = pages * Page, Caller = new Caller(client, client, 1, [], "") }, CancellationToken.None);

    private static void MapAndFree(IHeap heap, HeapBuffer buffer, uint importer)
    {
        buffer.Map(Attach(buffer, importer), DataDirection.ToDevice);
        heap.Free(buffer);
    }

    private static (long, long, long) Gauges(RegionHeap heap)
    {
        var gauges = heap.ReadGauges();
        return (gauges.Capacity, gauges.Free, gauges.LargestRun);
    }

    private static BufferAttachment Attach(HeapBuffer buffer, uint user, long maxSegmentBytes = 0) => buffer.Attach(new AttachRequest
    {
        Importer = new Caller(user, user, 4711, [], ""), Constraints = new AttachConstraints { MaxSegmentBytes = maxSegmentBytes },
    });
}

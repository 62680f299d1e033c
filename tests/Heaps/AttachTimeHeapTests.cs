using DmaHeap.Heaps;
using static DmaHeap.Tests.Heaps.HeapCalls;

namespace DmaHeap.Tests.Heaps;

public sealed class AttachTimeHeapTests
{
    private const long Page = 4096;
    private const long HugePage = 2L << 20;

    private readonly FakeHeapContext _context = new();

    [Fact]
    public void The_assembly_declares_a_heap_of_unmappable_buffers_and_its_options()
    {
        Assert.Equal(typeof(AttachTimeHeapOptions), Declaration(typeof(AttachTimeHeap)).Options);
        Assert.Equal(HeapCapabilities.Unmappable, Capabilities(typeof(AttachTimeHeap)));
    }

    [Fact]
    public void Memory_comes_at_the_first_map_once_and_goes_with_the_buffer()
    {
        using var heap = Heap();
        var buffer = Allocate(heap, 3 * Page);
        Assert.Equal(OpaqueBacking.Nothing, Assert.Single(_context.Memory.OpaqueRequests).Backing);
        var first = Attach(buffer, 1);
        var second = Attach(buffer, 2);
        Assert.Empty(_context.Memory.PageRequests);

        var segments = buffer.Map(first, DataDirection.ToDevice);
        Assert.Equal(segments, buffer.Map(second, DataDirection.ToDevice));
        Assert.Equal((3 * Page, 0L), (Assert.Single(_context.Memory.PageRequests).Length, _context.Memory.PageRequests.Single().PageSize));
        buffer.Detach(first);
        buffer.Detach(second);
        Assert.Equal(segments, buffer.Map(Attach(buffer, 3), DataDirection.ToDevice)); // a late one may join, and finds what the others wrote

        heap.Free(buffer);
        Assert.Equal(0, _context.Memory.Living);
    }

    [Fact]
    public void A_map_before_the_importers_stated_at_the_allocation_are_attached_is_to_be_tried_again()
    {
        using var heap = Heap();
        var buffer = Allocate(heap, Page, importers: 2);
        var first = Attach(buffer, 1);

        var refusal = Refuses(() => buffer.Map(first, DataDirection.ToDevice), HeapErrno.TryAgain, HeapCause.ImportersMissing);
        Assert.StartsWith("1 of the 2 importers stated at the allocation are attached", refusal.Message);
        Attach(buffer, 2);
        Assert.Single(buffer.Map(first, DataDirection.ToDevice));
    }

    [Fact]
    public void An_importer_that_left_is_not_counted()
    {
        using var heap = Heap();
        var buffer = Allocate(heap, Page, importers: 2);
        buffer.Detach(Attach(buffer, 1));
        var second = Attach(buffer, 2);
        Refuses(() => buffer.Map(second, DataDirection.ToDevice), HeapErrno.TryAgain, HeapCause.ImportersMissing);
    }

    [Fact]
    public void Pages_are_as_large_as_the_most_demanding_importer_needs()
    {
        using var heap = Heap();
        var buffer = Allocate(heap, 16 * Page);
        var modest = Attach(buffer, 1, new() { MaxSegmentBytes = Page });
        Attach(buffer, 2, new() { Contiguous = true });

        var segments = buffer.Map(modest, DataDirection.ToDevice);
        Assert.Equal((HugePage, HugePage), (Assert.Single(_context.Memory.PageRequests).Length, _context.Memory.PageRequests.Single().PageSize));
        Assert.Equal(HugePage, segments[0].Memory.PageSize);
        Assert.All(segments, segment => Assert.Equal(Page, segment.Length));
    }

    [Fact]
    public void What_no_memory_here_serves_is_the_importers_own_error()
    {
        using var heap = Heap();
        var buffer = Allocate(heap, 2 * HugePage);
        var refusal = Refuses(() => Attach(buffer, 1, new() { Contiguous = true }), HeapErrno.Invalid, HeapCause.ConstraintsNotMet);
        Assert.Contains("runs of 2 MiB", refusal.Message);
        Refuses(() => Attach(buffer, 1, new() { Alignment = 1L << 30 }), HeapErrno.Invalid, HeapCause.ConstraintsNotMet);
        Refuses(() => Attach(buffer, 1, new() { Caching = ImporterCaching.Uncached }), HeapErrno.Invalid, HeapCause.ConstraintsNotMet);

        _context.Memory.Capabilities = _context.Memory.Capabilities with { HugePages = [new HugePagePool(HugePage, 0, 0)] };
        Refuses(() => Attach(buffer, 1, new() { Alignment = HugePage }), HeapErrno.Invalid, HeapCause.ConstraintsNotMet);
    }

    [Fact]
    public void Importers_that_rule_each_other_out_are_both_named()
    {
        using var heap = Heap();
        var buffer = Allocate(heap, Page);
        Attach(buffer, 1, new() { MaxSegmentBytes = Page, MaxSegments = 1, Caching = ImporterCaching.Cached });

        var pages = Refuses(() => Attach(buffer, 2, new() { Alignment = HugePage }), HeapErrno.Busy, HeapCause.ConstraintsConflict);
        Assert.Equal(
            "process 2 of user 1000 cannot share pages of 2 MiB; process 1 of user 1000: 1 segments of at most 4 KiB cannot hold 2 MiB; 512 segments of 4 KiB would",
            pages.Message);
        var caching = Refuses(() => Attach(buffer, 3, new() { Caching = ImporterCaching.Uncached }), HeapErrno.Busy, HeapCause.ConstraintsConflict);
        Assert.Equal("process 3 of user 1000 needs uncached memory; process 1 of user 1000 needs it cached", caching.Message);
    }

    [Fact]
    public void The_newcomer_is_refused_too_when_it_is_the_one_that_larger_pages_break()
    {
        using var heap = Heap();
        var buffer = Allocate(heap, Page);
        Attach(buffer, 1, new() { Alignment = HugePage });
        var refusal = Refuses(() => Attach(buffer, 2, new() { MaxSegmentBytes = Page, MaxSegments = 1 }), HeapErrno.Busy, HeapCause.ConstraintsConflict);
        Assert.StartsWith("process 2 of user 1000 cannot share pages of 2 MiB; process 1 of user 1000: ", refusal.Message);
    }

    [Fact]
    public void A_late_importer_joins_only_where_the_memory_serves_it()
    {
        using var heap = Heap();
        var buffer = Allocate(heap, 4 * Page);
        buffer.Map(Attach(buffer, 1), DataDirection.ToDevice);

        Attach(buffer, 2, new() { MaxSegmentBytes = Page, MaxSegments = 4 });
        var refusal = Refuses(() => Attach(buffer, 3, new() { Contiguous = true }), HeapErrno.Busy, HeapCause.ConstraintsConflict);
        Assert.StartsWith("process 3 of user 1000 comes too late; the memory was made for process 1 of user 1000, and contiguous memory was asked for", refusal.Message);
    }

    [Fact]
    public void Memory_that_cannot_be_had_names_who_needs_it_and_the_next_map_tries_again()
    {
        using var heap = Heap();
        var buffer = Allocate(heap, Page);
        var modest = Attach(buffer, 1);
        Attach(buffer, 2, new() { Alignment = HugePage });
        _context.Memory.Failure = new HeapException(HeapErrno.NoMemory, HeapCause.NoHugePages, "0 pages are free");

        var refusal = Refuses(() => buffer.Map(modest, DataDirection.ToDevice), HeapErrno.NoMemory, HeapCause.NoHugePages);
        Assert.Equal("process 2 of user 1000 needs pages of 2 MiB: 0 pages are free", refusal.Message);
        _context.Memory.Failure = null;
        Assert.Single(buffer.Map(modest, DataDirection.ToDevice));
    }

    [Fact]
    public void A_buffer_whose_importers_never_come_is_reported_once_and_others_are_not()
    {
        using var heap = Heap(TimeSpan.FromSeconds(30));
        var abandoned = Allocate(heap, Page, importers: 2, name: "abandoned");
        var mapped = Allocate(heap, Page);
        var released = Allocate(heap, Page);
        Attach(abandoned, 1);
        mapped.Map(Attach(mapped, 1), DataDirection.ToDevice);
        heap.Free(released);

        _context.Clock.Advance(TimeSpan.FromSeconds(29));
        Assert.DoesNotContain(_context.Entries, entry => entry.Level == HeapLogLevel.Warning);
        _context.Clock.Advance(TimeSpan.FromSeconds(60));
        var warning = Assert.Single(_context.Entries, entry => entry.Level == HeapLogLevel.Warning);
        Assert.Equal("A buffer (4 KiB \"abandoned\", allocated by process 0 of user 65534) has waited 30 s for its importers: 1 of 2 importers are attached", warning.Message);
        Assert.Equal(0, _context.Clock.Timers);
        heap.Free(abandoned);
        heap.Free(mapped);
    }

    [Fact]
    public void No_time_means_no_warning()
    {
        using var heap = Heap(TimeSpan.Zero);
        var buffer = Allocate(heap, Page);
        _context.Clock.Advance(TimeSpan.FromDays(1));
        Assert.Empty(_context.Entries);
        heap.Free(buffer);
    }

    private AttachTimeHeap Heap(TimeSpan? warnAfter = null) => new(_context, new AttachTimeHeapOptions { WarnAfter = warnAfter ?? TimeSpan.Zero });

    private static HeapBuffer Allocate(IHeap heap, long length, int importers = 0, string name = "") =>
        heap.Allocate(new AllocationRequest { Length = length, ExpectedImporters = importers, Name = name }, CancellationToken.None);

    private static BufferAttachment Attach(HeapBuffer buffer, int process, AttachConstraints? constraints = null) =>
        buffer.Attach(new AttachRequest { Importer = new Caller(1000, 1000, process, [], ""), Constraints = constraints ?? AttachConstraints.None });
}

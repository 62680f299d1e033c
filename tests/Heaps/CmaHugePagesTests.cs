using DmaHeap.Heaps;
using static DmaHeap.Tests.Heaps.HeapCalls;

namespace DmaHeap.Tests.Heaps;

public sealed class CmaHugePagesTests
{
    private const long HugePage = 2L << 20;

    private readonly FakeHeapContext _context = new();

    [Fact]
    public void Lengths_round_up_to_whole_huge_pages_and_the_heap_says_so()
    {
        using var heap = Heap();
        Assert.Contains(_context.Entries, entry => entry.Level == HeapLogLevel.Information && entry.Message.Contains("whole pages of 2 MiB"));
        var buffer = heap.Allocate(4096);

        Assert.Equal((HugePage, HugePage), (buffer.Length, buffer.Memory.PageSize));
        var request = Assert.Single(_context.Memory.PageRequests);
        Assert.Equal((HugePage, HugePage), (request.Length, request.PageSize));
        Assert.Equal(3 * HugePage, heap.ReadGauges().Free);
        Assert.Contains(_context.Entries, entry => entry.Message == "4 KiB asked for, rounded up to 2 MiB");
        heap.Allocate(3 * HugePage);
        var refusal = Refuses(() => heap.Allocate(4096), HeapErrno.NoMemory, HeapCause.Exhausted);
        Assert.Equal("exhausted: 0 B free (0 pages), largest run 0 B, 4 KiB asked for in whole pages of 2 MiB", refusal.Message);
    }

    [Fact]
    public void A_length_of_whole_huge_pages_is_not_reported_as_rounded()
    {
        using var heap = Heap();
        heap.Allocate(HugePage);
        Assert.DoesNotContain(_context.Entries, entry => entry.Message.Contains("rounded"));
    }

    [Fact]
    public void Huge_pages_lost_to_other_users_are_an_error_of_that_cause_and_free_the_range()
    {
        using var heap = Heap();
        _context.Memory.Failure = new HeapException(HeapErrno.NoMemory, HeapCause.NoHugePages, "0 of 16 pages are free");

        var refusal = Refuses(() => heap.Allocate(HugePage), HeapErrno.NoMemory, HeapCause.NoHugePages);
        Assert.Equal("the region has room, but other users of this machine hold the huge pages: 0 of 16 pages are free", refusal.Message);
        Assert.Equal(4 * HugePage, heap.ReadGauges().LargestRun);
    }

    [Theory]
    [InlineData(CmaRequirement.None, HeapCause.Unavailable)]
    [InlineData(CmaRequirement.Physical, HeapCause.NotContiguous)]
    public void A_machine_without_huge_pages_of_that_size_cannot_start_the_heap(CmaRequirement require, string cause)
    {
        _context.Memory.Capabilities = _context.Memory.Capabilities with { HugePages = [new HugePagePool(1L << 30, 1, 1)] };
        var refusal = Refuses(() => Heap(require), HeapErrno.NoDevice, cause);
        Assert.Contains("no huge pages of 2 MiB", refusal.Message);
    }

    [Fact]
    public void An_empty_pool_starts_the_heap_unless_contiguity_is_required()
    {
        _context.Memory.Capabilities = _context.Memory.Capabilities with { HugePages = [new HugePagePool(HugePage, 0, 0)] };
        Heap().Dispose();
        var refusal = Refuses(() => Heap(CmaRequirement.Physical), HeapErrno.NoDevice, HeapCause.NotContiguous);
        Assert.Contains("empty", refusal.Message);
    }

    [Fact]
    public void Where_contiguity_is_required_a_buffer_is_at_most_one_huge_page()
    {
        using var heap = Heap(CmaRequirement.Physical);

        var refusal = Refuses(() => heap.Allocate(HugePage + 4096), HeapErrno.NoMemory, HeapCause.NotContiguous);
        Assert.Contains("at most 2 MiB fit", refusal.Message);
        var buffer = heap.Allocate(HugePage);
        Assert.NotNull(buffer.Attach(new AttachRequest { Constraints = new AttachConstraints { Contiguous = true } }));
    }

    [Fact]
    public void Without_the_requirement_longer_buffers_are_given_but_not_called_contiguous()
    {
        using var heap = Heap();
        var buffer = heap.Allocate(2 * HugePage);
        var constraints = new AttachConstraints { Contiguous = true };
        Refuses(() => buffer.Attach(new AttachRequest { Constraints = constraints }), HeapErrno.Invalid, HeapCause.ConstraintsNotMet);
    }

    [Fact]
    public void Memory_that_the_host_does_not_vouch_for_is_given_back_where_contiguity_is_required()
    {
        using var heap = Heap(CmaRequirement.Physical);
        _context.Memory.PageSizeGiven = 4096;

        Refuses(() => heap.Allocate(HugePage), HeapErrno.NoMemory, HeapCause.NotContiguous);
        Assert.Equal(0, _context.Memory.Living);
        Assert.Equal(4 * HugePage, heap.ReadGauges().Free);
    }

    private CmaHeap Heap(CmaRequirement require = CmaRequirement.None) =>
        new(_context, new CmaHeapOptions { Size = new ByteSize(4 * HugePage), Pages = CmaPages.Huge, Require = require });
}

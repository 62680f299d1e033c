using DmaHeap.Heaps;
using static DmaHeap.Tests.Heaps.HeapCalls;

namespace DmaHeap.Tests.Heaps;

public sealed class CmaHeapTests
{
    private const long KiB = 1L << 10;
    private const long MiB = 1L << 20;

    private readonly FakeHeapContext _context = new();

    [Fact]
    public void The_assembly_declares_a_heap_of_fixed_capacity_with_options()
    {
        Assert.Equal(typeof(CmaHeapOptions), Declaration(typeof(CmaHeap)).Options);
        Assert.Equal(HeapCapabilities.CpuMappable | HeapCapabilities.ZeroFilled | HeapCapabilities.FixedCapacity, Capabilities(typeof(CmaHeap)));
    }

    [Theory]
    [InlineData(CommitPolicy.Lazy)]
    [InlineData(CommitPolicy.Committed)]
    public void A_buffer_is_machine_pages_of_its_own_and_takes_a_range_of_the_region(CommitPolicy commit)
    {
        using var heap = Heap(8 * MiB);
        var buffer = heap.Allocate(12 * KiB, commit);

        Assert.Equal((12 * KiB, 4096L), (buffer.Length, buffer.Memory.PageSize));
        var request = Assert.Single(_context.Memory.PageRequests);
        Assert.Equal((12 * KiB, 0L, commit), (request.Length, request.PageSize, request.Commit));
        Assert.Equal(Gauges(8 * MiB, (8 * MiB) - (12 * KiB), (8 * MiB) - (12 * KiB)), heap.ReadGauges());
        heap.Free(buffer);
        Assert.Equal(Gauges(8 * MiB, 8 * MiB, 8 * MiB), heap.ReadGauges());
    }

    [Theory]
    [InlineData(4 * KiB, 4 * KiB)]
    [InlineData(12 * KiB, 16 * KiB)]
    [InlineData(512 * KiB, 512 * KiB)]
    [InlineData(516 * KiB, MiB)]
    [InlineData(3 * MiB, MiB)]
    public void Ranges_are_aligned_to_the_order_of_the_size_and_at_most_to_a_mebibyte(long length, long offset)
    {
        using var heap = Heap(8 * MiB);
        heap.Allocate(4 * KiB);

        Assert.Equal(offset, Offset(heap.Allocate(length)));
    }

    [Fact]
    public void A_buffer_larger_than_the_region_is_refused_however_large()
    {
        using var heap = Heap(4 * MiB);

        var refusal = Refuses(() => heap.Allocate((4 * MiB) + 4096), HeapErrno.NoMemory, HeapCause.LargerThanHeap);
        Assert.Equal("larger than the heap: its region has 4 MiB (1024 pages), 4.0 MiB asked for", refusal.Message);
        Refuses(() => heap.Allocate(1L << 40), HeapErrno.NoMemory, HeapCause.LargerThanHeap);
        Refuses(() => heap.Allocate(long.MaxValue - 4095), HeapErrno.NoMemory, HeapCause.LargerThanHeap);
        Assert.Empty(_context.Memory.PageRequests);
    }

    [Fact]
    public void A_region_runs_out_says_so_and_recovers()
    {
        using var heap = Heap(4 * MiB);
        var buffers = Enumerable.Range(0, 3).Select(_ => heap.Allocate(MiB)).ToList();

        var refusal = Refuses(() => heap.Allocate(2 * MiB), HeapErrno.NoMemory, HeapCause.Exhausted);
        Assert.Equal("exhausted: 1 MiB free (256 pages), largest run 1 MiB, 2 MiB asked for", refusal.Message);
        buffers.Add(heap.Allocate(MiB));
        refusal = Refuses(() => heap.Allocate(4096), HeapErrno.NoMemory, HeapCause.Exhausted);
        Assert.Equal("exhausted: 0 B free (0 pages), largest run 0 B, 4 KiB asked for", refusal.Message);
        foreach (var buffer in buffers) heap.Free(buffer);
        Assert.Equal(4 * MiB, heap.Allocate(4 * MiB).Length);
    }

    [Fact]
    public void A_region_fragments_says_so_and_recovers()
    {
        using var heap = Heap(12 * MiB);
        var buffers = Enumerable.Range(0, 24).Select(_ => heap.Allocate(512 * KiB)).ToArray();
        for (var i = 0; i < buffers.Length; i += 2) heap.Free(buffers[i]);

        var refusal = Refuses(() => heap.Allocate(MiB), HeapErrno.NoMemory, HeapCause.Fragmented);
        Assert.Equal("fragmented: 6 MiB free (1536 pages), largest run 512 KiB, 1 MiB asked for", refusal.Message);
        Assert.Equal(Gauges(12 * MiB, 6 * MiB, 512 * KiB), heap.ReadGauges());
        heap.Free(buffers[1]);
        Assert.Equal(0, Offset(heap.Allocate(MiB)));
    }

    [Fact]
    public void A_run_that_is_long_enough_but_not_aligned_is_fragmentation_that_names_the_alignment()
    {
        using var heap = Heap(2 * MiB);
        var buffers = Enumerable.Range(0, 4).Select(_ => heap.Allocate(512 * KiB)).ToArray();
        heap.Free(buffers[1]);
        heap.Free(buffers[2]);

        var refusal = Refuses(() => heap.Allocate(MiB), HeapErrno.NoMemory, HeapCause.Fragmented);
        Assert.Equal("fragmented: 1 MiB free (256 pages), largest run 1 MiB, 1 MiB asked for, which must start at a multiple of 1 MiB", refusal.Message);
    }

    [Fact]
    public void A_failing_memory_service_leaves_the_region_as_it_was()
    {
        using var heap = Heap(2 * MiB);
        foreach (var failure in new Exception[] { new HeapException(HeapErrno.NoMemory, HeapCause.NoHeadroom, "no room"), new OperationCanceledException(), new InvalidOperationException() })
        {
            _context.Memory.Failure = failure;
            Assert.Same(failure, Record.Exception(() => heap.Allocate(MiB)));
            Assert.Equal(Gauges(2 * MiB, 2 * MiB, 2 * MiB), heap.ReadGauges());
        }

        _context.Memory.Failure = null;
        Assert.Equal(0, Offset(heap.Allocate(2 * MiB)));
    }

    [Fact]
    public void A_range_that_a_client_still_uses_when_the_host_stops_is_not_free()
    {
        using var heap = Heap(2 * MiB);
        heap.Free(heap.Allocate(MiB), ReleaseReason.HostStopping);
        Assert.Equal(MiB, heap.ReadGauges().Free);
        heap.Free(heap.Allocate(MiB), ReleaseReason.ExportFailed);
        Assert.Equal(MiB, heap.ReadGauges().Free);
    }

    [Fact]
    public async Task The_region_can_be_read_and_used_while_the_memory_service_is_busy_for_another_buffer()
    {
        var deadline = TimeSpan.FromSeconds(30);
        using var heap = Heap(2 * MiB);
        using var entered = new SemaphoreSlim(0);
        using var leave = new SemaphoreSlim(0);
        var other = heap.Allocate(MiB);
        _context.Memory.Entered = () =>
        {
            entered.Release();
            Assert.True(leave.Wait(deadline));
        };
        var allocation = Task.Run(() => heap.Allocate(MiB));
        Assert.True(await entered.WaitAsync(deadline));

        await Task.Run(() => heap.Free(other)).WaitAsync(deadline);
        Assert.Equal(MiB, (await Task.Run(heap.ReadGauges).WaitAsync(deadline)).Free);
        leave.Release();
        Assert.Equal(MiB, Offset(await allocation.WaitAsync(deadline)));
    }

    [Fact]
    public async Task Buffers_alive_at_once_never_overlap_whatever_threads_allocate_and_free()
    {
        using var heap = Heap(4 * MiB);
        var owners = new int[1024];
        await Task.WhenAll(Enumerable.Range(1, 4).Select(me => Task.Run(() => AllocateAndFree(heap, owners, me))));

        Assert.All(owners, owner => Assert.Equal(0, owner));
        Assert.Equal(Gauges(4 * MiB, 4 * MiB, 4 * MiB), heap.ReadGauges());
        Assert.Equal(0, _context.Memory.Living);
    }

    private static void AllocateAndFree(CmaHeap heap, int[] owners, int me)
    {
        var random = new Random(me);
        var mine = new List<HeapBuffer>();
        for (var step = 0; step < 5000; step++)
        {
            if (mine.Count > 8 || (mine.Count > 0 && random.Next(2) == 0)) GiveBack(random.Next(mine.Count));
            else if (TryAllocate(heap, random.Next(1, 200) * 4096L) is { } buffer) Claim(buffer);
        }

        while (mine.Count > 0) GiveBack(0);

        void Claim(HeapBuffer buffer)
        {
            foreach (ref var owner in PagesOf(buffer, owners)) Assert.Equal(0, Interlocked.CompareExchange(ref owner, me, 0));
            mine.Add(buffer);
        }

        void GiveBack(int index)
        {
            foreach (ref var owner in PagesOf(mine[index], owners)) Assert.Equal(me, Interlocked.Exchange(ref owner, 0));
            heap.Free(mine[index]);
            mine.RemoveAt(index);
        }
    }

    private static HeapBuffer? TryAllocate(CmaHeap heap, long length)
    {
        try
        {
            return heap.Allocate(length);
        }
        catch (HeapException e) when (e.Cause is HeapCause.Exhausted or HeapCause.Fragmented)
        {
            return null;
        }
    }

    private static Span<int> PagesOf(HeapBuffer buffer, int[] pages)
    {
        var range = ((CmaBuffer)buffer).Range;
        return pages.AsSpan(range.Offset, range.Pages);
    }

    private static long Offset(HeapBuffer buffer) => ((CmaBuffer)buffer).Range.Offset * 4096L;

    private static HeapGauges Gauges(long capacity, long free, long largestRun) => new() { Capacity = capacity, Free = free, LargestRun = largestRun };

    private CmaHeap Heap(long size) => new(_context, new CmaHeapOptions { Size = new ByteSize(size) });
}

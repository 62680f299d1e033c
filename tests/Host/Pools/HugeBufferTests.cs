using DmaHeap.Hosting.Configuration;
using DmaHeap.Hosting.Memory;
using DmaHeap.Linux;
using DmaHeap.Protocol;
using DmaHeap.Tests.Support;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Tests.Host;

/// <summary>Huge pages of every origin: what a client is told is what its mapping is made of.</summary>
[Collection(ExclusiveCollection.Name)]
public sealed class HugeBufferTests
{
    private const long HugePage = 2 << 20, Length = 4 * HugePage;
    private static readonly int s_page = Environment.SystemPageSize;

    [Theory]
    [InlineData(HeapPages.Huge)]
    [InlineData(HeapPages.Auto)]
    public void Pages_that_nobody_reserved_are_put_together_and_a_client_maps_them_whole(HeapPages pages)
    {
        SkipUnlessPutTogether();
        using var host = new PooledHost(pool: null, pages);
        using var buffer = host.Allocate((ulong)Length, "fresh");
        using var pooled = host.Allocate((ulong)Length);
        foreach (var one in new[] { buffer, pooled })
        {
            Assert.Equal((Length, HugePage), (one.Length, one.PageSize));
            Assert.Equal(BufferFlags.Resident, one.Flags & (BufferFlags.Resident | BufferFlags.Contiguous)); // pages that were put together may be parted
            AssertMappedHuge(one.Handle, Length);
        }
    }

    [Fact]
    public void A_pool_of_huge_pages_is_of_huge_pages()
    {
        SkipUnlessPutTogether();
        using var host = new PooledHost(PooledHost.Fixed(2 * Length, Length), HeapPages.Auto);
        host.WaitFor(2);
        using var client = host.Test.Connect();
        using var reply = client.Ask(Messages.Allocate(client.NextId(), "plain", (ulong)Length));
        Assert.Equal((1, (uint)HugePage), (host.Statistics.PoolHits, reply.As<AllocateReply>().PageSize));
        AssertMappedHuge(reply.Descriptors[0], Length);
    }

    [Fact]
    public void A_recycled_buffer_of_huge_pages_is_of_huge_pages_again()
    {
        SkipUnlessPutTogether();
        using var host = new PooledHost(pool: null, HeapPages.Auto, change: options => options with { Heaps = [options.Heaps[0] with { Recycle = HeapRecycling.Domain }] });
        using var client = host.Test.Connect();
        ulong inode;
        using (var given = client.Allocate(length: (ulong)Length))
        {
            inode = FileStatus.Of(given).Inode;
            using (var mapping = MapAligned(given, Length)) mapping.Span.Fill(7);
            client.Ask(new GiveBackRequest { Header = MessageCodec.Header<GiveBackRequest>(MessageKind.GiveBack, client.NextId()) }, given).As<GiveBackReply>();
        }

        Eventually.True(() => host.Slot.Memory!.Recycled.Pieces == 1, $"it is not recycled: {string.Join('\n', host.Test.Log)}");
        using var again = client.Allocate(length: (ulong)Length);
        Assert.Equal(inode, FileStatus.Of(again).Inode);
        AssertMappedHuge(again, Length);
    }

    [Fact]
    public void Small_pages_are_not_told_for_huge_ones()
    {
        using var policy = HugePagePolicy.NeverWherePossible(); // else the kernel may give more than is told
        using var host = new PooledHost(pool: null, HeapPages.Auto);
        using var odd = host.Allocate((ulong)(Length + s_page), "fresh");
        Assert.Equal((Length + s_page, s_page, BufferFlags.None), (odd.Length, odd.PageSize, odd.Flags & BufferFlags.Resident));
        using var mapping = MapAligned(odd.Handle, odd.Length);
        Assert.Equal(0, HugeMappings.CountBytes(mapping));
        Assert.Equal(0, HugeMappings.ReadFromSmaps(mapping));
    }

    [Fact]
    public void Lengths_are_rounded_up_where_huge_pages_are_demanded_and_charged_so()
    {
        SkipUnlessPutTogether();
        using var host = new PooledHost(pool: null, HeapPages.Huge);
        using (var buffer = host.Allocate(4096))
        {
            Assert.Equal((HugePage, HugePage), (buffer.Length, buffer.PageSize));
            Assert.Equal(HugePage, host.Slot.Accounts.All.Used);
        }

        host.Test.AssertNothingIsHeld();
    }

    [Fact]
    public void Reserved_pages_come_first()
    {
        using var reserved = new ReservedHugePages(4);
        using var host = new PooledHost(pool: null, HeapPages.Auto);
        using (var buffer = host.Allocate((ulong)Length))
        {
            Assert.Equal(Errno.None, FileSystemStatus.TryGet(buffer.Handle, out var system));
            Assert.SkipUnless(system.IsHugePages || ReservedHugePages.Free >= 4, "the huge pages that were reserved went to another program meanwhile");
            Assert.Equal((HugePage, true), (buffer.PageSize, system.IsHugePages));
            using var mapping = MapAligned(buffer.Handle, Length);
            Assert.False(mapping.Span.ContainsAnyExcept((byte)0));
        }

        host.Test.AssertNothingIsHeld();
        using var one = host.Allocate((ulong)HugePage);
        Assert.True(one.Flags.HasFlag(BufferFlags.Contiguous));
    }

    [Fact]
    public void A_pool_of_reserved_pages_gives_them_back_before_an_allocation_fails_for_them()
    {
        using var reserved = new ReservedHugePages(4);
        using var host = new PooledHost(PooledHost.Fixed(HugePage, HugePage), HeapPages.Auto, change: options => options with
        {
            Heaps = [.. options.Heaps, new() { Name = "reserved", Create = context => new ReservedHeap(context) }],
        });
        Eventually.True(() => host.Pool.Buffers == 1, "the pool is empty");
        using var all = host.Allocate((ulong)(ReservedHugePages.Free * HugePage + HugePage), "reserved");
        Assert.Equal(0, host.Pool.Buffers);
    }

    /// <summary>EINVAL is what kernels before 6.1 say of collapsing, those before 5.14 of populating, and those without transparent huge pages of all three.</summary>
    [Theory]
    [InlineData(MemoryAdvice.Collapse, MemoryAdvice.PopulateWrite)]
    [InlineData(MemoryAdvice.Collapse, MemoryAdvice.PopulateWrite, MemoryAdvice.HugePage)]
    public void Where_the_kernel_has_none_small_ones_do_or_it_is_refused_and_not_asked_again_at_once(params MemoryAdvice[] unknown)
    {
        var pages = ReservedHugePages.Free + 4;
        var kernel = new KernelWithout(unknown);
        var files = new PageFiles(headroom: null, kernel);
        using var file = new ReusableDescriptor();
        var refusal = Assert.Throws<HeapException>(() => files.Make("test", pages * HugePage, PageChoice.Huge, PageFill.Lazy, file));
        Assert.True(file.IsInvalid);
        Assert.Equal((HeapErrno.NoMemory, HeapCause.NoHugePages), (refusal.Errno, refusal.Cause));
        Assert.Equal($"{pages} pages of 2 MiB were asked for: too few are reserved and free (vm.nr_hugepages), and the kernel put none together", refusal.Message);
        for (var i = 0; i < 3; i++)
        {
            var made = files.Make("test", pages * HugePage, PageChoice.HugeIfAny, PageFill.Lazy, file);
            Assert.Equal((s_page, s_page, PageFill.Lazy), (made.PageSize, made.MappedPageSize, made.Fill));
            Assert.Equal(0, FileStatus.Of(file).Blocks); // nothing is left of what was tried
            file.Clear();
        }

        Assert.Equal(1, kernel.Collapses);
        Assert.Throws<HeapException>(() => files.Make("test", pages * HugePage, PageChoice.Huge, PageFill.Lazy, file)); // who cannot do without asks all the same
        Assert.Equal(2, kernel.Collapses);
    }

    [Fact]
    public void Without_collapsing_pages_come_at_the_first_touch_where_the_policy_allows_that()
    {
        using var policy = new HugePagePolicy("advise");
        using var place = new ReusableDescriptor();
        var made = new PageFiles(headroom: null, new KernelWithout(MemoryAdvice.Collapse)).Make("test", (ReservedHugePages.Free + 4) * HugePage, PageChoice.Huge, PageFill.Lazy, place);
        Assert.Equal((s_page, HugePage, PageFill.Zeroed), (made.PageSize, made.MappedPageSize, made.Fill));
        using var file = place.ToFileHandle();
        AssertMappedHuge(file, made.Length);
    }

    private static void SkipUnlessPutTogether()
    {
        Memfd.TryCreate("test", MemfdFlags.CloseOnExec, out var file);
        using (file)
        {
            FileSpace.TrySetLength(file, HugePage);
            Assert.SkipUnless(new HugePages(TimeProvider.System).TryPutTogether(file, HugePage), "this kernel puts no huge pages together (MADV_COLLAPSE, Linux 6.1), or has none left");
        }
    }

    // What the kernel says of a mapping as a client makes it, by both of the ways to ask.
    private static void AssertMappedHuge(SafeFileHandle handle, long length)
    {
        using var mapping = MapAligned(handle, length);
        Assert.False(mapping.Span.ContainsAnyExcept((byte)0));
        Assert.Equal(length, HugeMappings.CountBytes(mapping));
        Assert.True(HugeMappings.ReadFromSmaps(mapping) is var told && (told == length || ReservedHugePages.Free > 0), $"smaps says {told}");
    }

    private static MemoryMapping MapAligned(SafeFileHandle handle, long length) =>
        MemoryMapping.Map(handle, 0, length, MapProtection.Read | MapProtection.Write, populate: true, alignment: HugePage);

    private sealed class KernelWithout(params MemoryAdvice[] unknown) : HugePages(TimeProvider.System)
    {
        public int Collapses { get; private set; }

        protected override Errno Advise(MemoryMapping mapping, MemoryAdvice advice)
        {
            if (advice == MemoryAdvice.Collapse) Collapses++;
            return unknown.Contains(advice) ? Errno.EINVAL : base.Advise(mapping, advice);
        }
    }

    private sealed class ReservedHeap(IHeapContext context) : Heap<HeapBuffer>
    {
        protected override HeapBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken) =>
            new(context.Memory.AllocatePages(new PageRequest { Length = request.Length, PageSize = HugePage }));
    }
}

using DmaHeap.Hosting;
using DmaHeap.Hosting.Configuration;
using DmaHeap.Linux;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Host;

/// <summary>How a pool is filled, used and emptied, in a real host.</summary>
public sealed class PoolTests
{
    private const long Page = 4096;

    [Fact]
    public void What_is_to_be_ready_is_ready_and_is_used_and_made_again()
    {
        using var host = new PooledHost(PooledHost.Fixed(8 * Page, Page));
        host.WaitFor(8);
        Assert.Equal(8 * Page, host.Pool.Bytes);
        for (var i = 0; i < 5; i++) host.Allocate().Dispose();
        Assert.Equal((5, 0), (host.Statistics.PoolHits, host.Statistics.PoolMisses));
        host.WaitFor(8);
        host.Test.AssertNothingIsHeld();
        Assert.True(host.Statistics.PoolFilledBytes >= 13 * Page);
    }

    [Fact]
    public void As_many_buffers_of_each_size_come_to_the_least_there_is_to_be()
    {
        using var host = new PooledHost(PooledHost.Fixed(48 * Page, Page, 15 * Page));
        host.WaitFor(6);
        for (var i = 0; i < 3; i++)
        {
            host.Allocate().Dispose();
            host.Allocate(15 * (ulong)Page).Dispose();
        }

        Assert.Equal((6, 0), (host.Statistics.PoolHits, host.Statistics.PoolMisses));
        host.Allocate(2 * (ulong)Page).Dispose(); // the pool is not for it
        Assert.Equal((6, 0), (host.Statistics.PoolHits, host.Statistics.PoolMisses));
    }

    [Fact]
    public void A_length_that_is_a_huge_page_once_it_is_rounded_is_ready_for_who_asks_for_it()
    {
        using var host = new PooledHost(PooledHost.Fixed(2 << 20, (2 << 20) - 1), HeapPages.Auto);
        host.WaitFor(1);
        host.Allocate((2 << 20) - 1).Dispose();
        Assert.Equal((1, 0), (host.Statistics.PoolHits, host.Statistics.PoolMisses));
    }

    [Fact]
    public void Terms_beyond_all_numbers_keep_no_length_ready_that_no_buffer_has()
    {
        using var host = new PooledHost(new PoolConfiguration { Min = new(long.MaxValue), Max = new(long.MaxValue), Sizes = [new(long.MaxValue)] });
        host.Allocate().Dispose();
        Assert.Equal((0, 0, 0), (host.Pool.Buffers, host.Statistics.PoolHits, host.Statistics.PoolMisses));
    }

    [Fact]
    public void What_is_asked_for_again_and_again_is_learnt_by_length_and_name()
    {
        using var host = new PooledHost(new PoolConfiguration());
        host.Allocate().Dispose();
        Assert.Equal((0, 1), (host.Statistics.PoolHits, host.Statistics.PoolMisses));
        Ask(host, Page, "");
        Ask(host, Page, "camera");
        Ask(host, 3 * Page, "camera");
        using var named = host.Allocate(3 * (ulong)Page, name: "camera");
        Assert.Equal("/memfd:plain:camera (deleted)", DescriptorName.TryRead(named.Handle));

        static void Ask(PooledHost host, long length, string name)
        {
            var hits = host.Statistics.PoolHits;
            Eventually.True(
                () =>
                {
                    host.Allocate((ulong)length, name: name).Dispose();
                    return host.Statistics.PoolHits >= hits + 3;
                },
                $"buffers of {length} named \"{name}\" are never ready");
        }
    }

    [Fact]
    public void A_pool_never_has_more_than_its_most()
    {
        using var host = new PooledHost(new PoolConfiguration { Max = new(10 * Page) });
        var buffers = Enumerable.Range(0, 64).Select(_ => host.Allocate()).ToArray();
        foreach (var buffer in buffers) buffer.Dispose();
        host.WaitFor(10);
        Assert.False(SpinWait.SpinUntil(() => host.Pool.Bytes > 10 * Page, TimeSpan.FromMilliseconds(200)));
        host.Allocate(11 * (ulong)Page).Dispose();
        Assert.Equal(64, host.Statistics.PoolHits + host.Statistics.PoolMisses); // what would not fit is not the pool's affair
    }

    [Fact]
    public void Without_a_pool_nothing_is_kept_ready_and_nothing_counted()
    {
        using var host = new PooledHost(pool: null);
        for (var i = 0; i < 50; i++) host.Allocate().Dispose();
        Assert.Equal((0, 0, 0), (host.Pool.Buffers, host.Statistics.PoolHits, host.Statistics.PoolMisses));
    }

    [Fact]
    public void Memory_is_given_back_when_asked_for_as_much_as_is_asked_for_and_not_taken_again_at_once()
    {
        using var host = new PooledHost(PooledHost.Fixed(16 * Page, Page));
        host.WaitFor(16);
        Assert.Equal(16 * Page, host.Test.Host.Core.Pools.All.Sum(pool => pool.Count()));
        Assert.Equal(3 * Page, host.Pool.Scan(2 * Page + 1));
        Assert.Equal((13 * Page, 13), (host.Pool.Bytes, host.Pool.Buffers));
        Assert.False(SpinWait.SpinUntil(() => host.Pool.Buffers > 13, TimeSpan.FromMilliseconds(300)), "what was given back was taken again");
        Assert.Equal(13 * Page, host.Pool.Scan(long.MaxValue));
        Assert.Equal(0, host.Pool.Scan(long.MaxValue));
        Assert.Equal(16 * Page, host.Statistics.PoolGivenBackBytes);
        host.Allocate().Dispose();
        Assert.Equal(1, host.Statistics.PoolMisses);
    }

    [Fact]
    public void Other_terms_hold_at_once_and_none_empty_it()
    {
        using var host = new PooledHost(PooledHost.Fixed(4 * Page, Page));
        host.WaitFor(4);
        Redefine(host, host.Slot.Definition with { Pool = PooledHost.Fixed(6 * Page, 2 * Page) });
        host.WaitFor(3);
        host.Allocate(2 * (ulong)Page).Dispose();
        Assert.Equal(1, host.Statistics.PoolHits);
        Redefine(host, host.Slot.Definition with { Pool = null });
        Assert.Equal(0, host.Pool.Buffers);
        host.Allocate().Dispose();
        Assert.Equal((0, 1), (host.Pool.Buffers, host.Statistics.PoolHits));

        static void Redefine(PooledHost host, HeapDefinition definition) => host.Slot.Redefine(definition, host.Slot.Access);
    }

    [Fact]
    public void The_host_ends_with_its_pools_and_leaves_no_descriptor()
    {
        const string Own = "pools-end", Link = "/memfd:" + Own; // other tests' heaps have other names
        var pooled = new HeapDefinition { Name = Own, Create = context => new ScriptedHeap(context), Pool = PooledHost.Fixed(8 * Page, Page) };
        using (var host = new PooledHost(null, change: options => options with { Heaps = [.. options.Heaps, pooled] }))
        {
            Eventually.True(() => host.Test.Host.Core.Pools.Pieces == 8, "the pool is not filled");
            Assert.Equal(8, Descriptors.Count(Link)); // one each: the client's own
        }

        Assert.Equal(0, Descriptors.Count(Link));
    }

    [Fact]
    public void A_name_never_used_again_is_not_remembered_for_ever()
    {
        using var host = new PooledHost(new PoolConfiguration());
        for (var i = 0; i < 500; i++) host.Allocate(name: $"frame-{i}").Dispose();
        Assert.Equal((0, 500, 0), (host.Statistics.PoolHits, host.Statistics.PoolMisses, host.Pool.Buffers));
    }

    [Fact]
    public void To_take_what_is_ready_allocates_nothing()
    {
        using var host = new PooledHost(PooledHost.Fixed(64 * Page, Page));
        host.WaitFor(64);
        host.Pool.Pause();
        var key = new Hosting.Memory.Pools.PoolKey(Page, Hosting.Memory.PageChoice.Machine, "");
        var taken = new Hosting.Memory.PageMemory?[32];
        taken[0] = host.Pool.TryTake(in key);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 1; i < taken.Length; i++) taken[i] = host.Pool.TryTake(in key);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.All(taken, Assert.NotNull);
        foreach (var memory in taken) memory!.Dispose();
    }

    [Fact]
    public async Task A_host_for_tests_finds_nothing_left_behind_by_a_pool()
    {
        await using var host = await DmaHeap.Testing.DmaHeapTestHost.StartAsync(new DmaHeap.Testing.DmaHeapTestHostOptions
        {
            Heaps = [new HeapDefinition { Name = "pooled", Create = context => new DmaHeap.Heaps.SystemHeap(context), Pool = PooledHost.Fixed(8 * Page, Page), Recycle = HeapRecycling.Domain }],
        });
        Eventually.True(() => host.Host.Core.Pools.Pieces == 8, "the pool is not filled");
        host.Allocate("pooled", Page).Dispose();
    }

    [Fact]
    public void A_step_that_fails_after_memory_was_taken_gives_it_back_whole()
    {
        using var host = new PooledHost(PooledHost.Fixed(4 * Page, Page));
        host.WaitFor(4);
        foreach (var step in new[] { Hosting.Allocation.AllocationStep.Allocated, Hosting.Allocation.AllocationStep.Watched, Hosting.Allocation.AllocationStep.Opened })
        {
            host.Test.Probe.Failing = step;
            host.Test.Refused();
            host.Test.Probe.Failing = null;
            host.Test.AssertNothingIsHeld();
        }

        host.WaitFor(4);
        Assert.Equal(3, host.Statistics.PoolHits);
        Eventually.True(() => host.Test.Host.Core.Watches.WatchedInodes().Count == 4, "watches are left that nobody has");
        host.Allocate().Dispose();
    }
}

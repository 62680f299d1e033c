using DmaHeap.Hosting.Reclaim;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Reclaim;

/// <summary>Who is asked for memory, in which order, for how much; and that nobody who is asked harms the host.</summary>
public sealed class ReclaimerTests
{
    [Fact]
    public void The_hosts_own_memory_is_asked_first_then_the_heaps_in_the_order_of_the_configuration_until_there_is_enough()
    {
        using var hoards = new Hoards("b", "a", "c");
        hoards.Reclaimer.Add(new FakePool("recycled", hoards.Asked, 10));
        hoards.Reclaimer.Add(new FakePool("pools", hoards.Asked, 20));
        (hoards["a"].Hoard, hoards["b"].Hoard, hoards["c"].Hoard) = (40, 30, 50);

        var report = hoards.Take(75);

        Assert.Equal(["recycled 75", "pools 65", "b 45", "a 15"], hoards.Asked);
        Assert.Equal([("recycled", 10L), ("pools", 20), ("heap b", 30), ("heap a", 15)], report.Steps.Select(step => (step.Source, step.Given)));
        Assert.Equal((75, 25L, 50L), (report.Given, hoards["a"].Hoard, hoards["c"].Hoard));
        Assert.Contains("410: Gave back 75 B of 75 B wanted (Asked): recycled 10 B of 10 B, pools 20 B of 20 B, heap b 30 B of 30 B, heap a 15 B of 40 B", hoards.Host.Log);
        Assert.Equal(30, hoards.Reclaimer.Totals.Of("heap b"));
    }

    [Fact]
    public void A_heap_that_has_nothing_or_no_shrinker_is_not_asked_and_a_heap_asked_for_by_name_is_the_only_one()
    {
        using var hoards = new Hoards("a", "b");
        hoards.Reclaimer.Add(new FakePool("pools", hoards.Asked, 20));
        hoards["b"].Hoard = 30;

        Assert.Empty(hoards.Take(1, ReclaimScope.Of("a")).Steps);
        Assert.Empty(hoards.Take(1, ReclaimScope.Of("plain")).Steps);
        Assert.Equal(30, hoards.Take(long.MaxValue, ReclaimScope.Of("b")).Given);
        Assert.Equal([$"b {long.MaxValue}"], hoards.Asked);
    }

    [Fact]
    public void A_share_is_taken_of_each()
    {
        using var hoards = new Hoards("a", "b");
        hoards.Reclaimer.Add(new FakePool("pools", hoards.Asked, 2));
        (hoards["a"].Hoard, hoards["b"].Hoard) = (400, 7);

        Assert.Equal(102, hoards.Reclaimer.Share(ReclaimReason.Allocation, 4, ReclaimScope.All).Given);
        Assert.Equal(["pools 1", "a 100", "b 1"], hoards.Asked);
    }

    [Fact]
    public void What_is_missing_is_measured_after_each_and_not_taken_on_trust()
    {
        using var hoards = new Hoards("liar", "honest");
        hoards["liar"].OnScan = bytes => bytes;
        (hoards["liar"].Hoard, hoards["honest"].Hoard) = (100, 100);

        var report = hoards.Reclaimer.Until(ReclaimReason.Allocation, () => hoards["honest"].Hoard - 90, ReclaimScope.All);

        Assert.Equal(["liar 10", "honest 10"], hoards.Asked);
        Assert.Equal([0L, 10], report.Steps.Select(step => step.Given));
        Assert.Contains("415: Heap liar says it gave 10 bytes back, and what it says it has fell by 0; the lesser counts", hoards.Host.Log);
    }

    [Fact]
    public void A_heap_that_throws_is_told_of_and_passed_over_and_ten_times_fault_it()
    {
        using var hoards = new Hoards("bad", "good");
        hoards["bad"].Hoard = 100;
        hoards["good"].Hoard = 100;
        hoards["bad"].OnScan = _ => throw new InvalidOperationException("broken");

        Assert.Equal([("heap bad", ReclaimResult.Failed, 0L), ("heap good", ReclaimResult.Done, 5)], hoards.Take(5).Steps.Select(step => (step.Source, step.Result, step.Given)));
        Assert.Contains(hoards.Host.Log, line => line.StartsWith("12: Heap bad failed in Scan", StringComparison.Ordinal));
        for (var i = 0; i < 9; i++) hoards.Take(1);
        hoards.Asked.Clear();
        hoards.Take(1);
        Assert.Equal(["good 1"], hoards.Asked);
        Assert.Contains("threw 10 times", hoards.Host.Host.Core.Registry.Find("bad").Health.Fault);
    }

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(100, -1)]
    public void A_heap_that_says_what_cannot_be_has_given_nothing(long count, long said)
    {
        using var hoards = new Hoards("bad");
        hoards["bad"].OnCount = () => count;
        hoards["bad"].OnScan = _ => said;

        var step = Assert.Single(hoards.Take(5).Steps);
        Assert.Equal((ReclaimResult.Failed, 0L), (step.Result, step.Given));
    }

    [Fact]
    public void A_heap_that_does_not_come_back_is_given_up_and_faulted_while_the_next_is_asked()
    {
        using var gate = new ManualResetEventSlim();
        using var hoards = new Hoards(TimeSpan.FromMilliseconds(200), "stuck", "good");
        (hoards["stuck"].Hoard, hoards["good"].Hoard) = (100, 100);
        hoards["stuck"].OnScan = _ =>
        {
            gate.Wait();
            return 0;
        };
        var health = hoards.Host.Host.Core.Registry.Find("stuck").Health;

        Assert.Equal([("heap stuck", ReclaimResult.Stuck), ("heap good", ReclaimResult.Done)], hoards.Take(5).Steps.Select(step => (step.Source, step.Result)));
        Assert.Equal(("does not come back from Scan within 200 ms", 1), (health.Fault, health.LostThreads));
        hoards.Asked.Clear();
        Assert.Equal(5, hoards.Take(5).Given);
        Assert.Equal(["good 5"], hoards.Asked);
        Assert.Equal("heap-fault", hoards.Host.Refused(heap: "stuck").Cause);

        gate.Set();
        Eventually.True(() => health.LostThreads == 0, "the thread that came back counts as lost");
    }

    [Fact]
    public void No_heap_is_asked_by_two_at_once()
    {
        using var hoards = new Hoards("a");
        hoards["a"].Hoard = 1 << 20;
        int inside = 0, most = 0;
        hoards["a"].OnScan = bytes =>
        {
            most = Math.Max(most, Interlocked.Increment(ref inside));
            Thread.Yield();
            hoards["a"].Hoard -= bytes;
            Interlocked.Decrement(ref inside);
            return bytes;
        };

        Parallel.For(0, 64, _ => hoards.Take(1));

        Assert.Equal((1, (1L << 20) - 64), (most, hoards["a"].Hoard));
        Assert.Equal(64, hoards.Reclaimer.Totals.Of("heap a"));
    }

    [Fact]
    public void A_replaced_heap_is_asked_after_those_in_use_as_long_as_it_has_buffers()
    {
        using var hoards = new Hoards("a");
        var buffer = hoards.Host.Allocate(heap: "a");
        var old = hoards["a"];
        hoards.Host.Host.Restart("a");
        Assert.NotSame(old, hoards["a"]);
        (old.Hoard, hoards["a"].Hoard) = (100, 10);

        Assert.Equal([10L, 20], hoards.Take(30).Steps.Select(step => step.Given));
        Assert.Equal(80, old.Hoard);

        buffer.Dispose();
        Eventually.True(() => hoards.Host.Host.Core.Retired.Unloaded == 1, "the heap before did not end");
        old.Hoard = 80;
        hoards["a"].Hoard = 0;
        Assert.Empty(hoards.Take(30).Steps);
    }
}

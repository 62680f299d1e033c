using DmaHeap.Hosting.Memory;
using DmaHeap.Hosting.Reclaim;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Tests.Reclaim;

/// <summary>When memory is given back without anybody asking.</summary>
public sealed class WatchTests
{
    private const long MiB = 1 << 20;

    [Theory]
    [InlineData(800, 500, 25)] // the low mark is 100, and 500 is no neighbourhood of it
    [InlineData(800, 399, 25)]
    [InlineData(800, 100, 25)]
    public void As_long_as_enough_is_left_nobody_is_asked(long limit, long left, int nextLook)
    {
        using var hoards = new Hoards("a");
        hoards["a"].Hoard = 1 << 30;
        using var watch = Watch(hoards, new MemoryRoom("test", limit * MiB, left * MiB));

        var pause = watch.Look();

        Assert.Empty(hoards.Asked);
        Assert.Equal(left < 400 ? nextLook : 250, pause.TotalMilliseconds);
    }

    [Fact]
    public void Too_little_left_in_any_one_place_is_made_good_and_a_little_more()
    {
        using var hoards = new Hoards("a", "b");
        (hoards["a"].Hoard, hoards["b"].Hoard) = (30 * MiB, 1 << 30);
        var left = 99 * MiB;
        using var watch = new LimitWatch(
            hoards.Reclaimer, () => [new MemoryRoom("machine", 1L << 40, 1L << 39), new MemoryRoom("parent", 800 * MiB, left + 30 * MiB - hoards["a"].Hoard + (1 << 30) - hoards["b"].Hoard)],
            TimeProvider.System, NullLogger.Instance);

        Assert.Equal(25, watch.Look().TotalMilliseconds);

        Assert.Equal([$"a {51 * MiB}", $"b {21 * MiB}"], hoards.Asked);
        Assert.Equal(ReclaimReason.Limit, hoards.Reclaimer.Totals.Last!.Reason);
        watch.Look();
        Assert.Equal(2, hoards.Asked.Count);
    }

    [Fact]
    public void Where_nobody_could_give_anything_nothing_is_read()
    {
        using var hoards = new Hoards();
        var reads = 0;
        using var watch = new LimitWatch(hoards.Reclaimer, () => [new MemoryRoom($"read {++reads}", 100, 0)], TimeProvider.System, NullLogger.Instance);
        var pool = new FakePool("pools", hoards.Asked, 10);
        hoards.Reclaimer.Add(pool);

        watch.Look();
        Assert.Equal(["pools 75"], hoards.Asked);
        reads = 0;
        Assert.Equal(1, watch.Look().TotalSeconds);
        Assert.Equal(0, reads);
    }

    [Fact]
    public void Who_asks_in_vain_asks_seldom()
    {
        using var hoards = new Hoards("a");
        using var watch = Watch(hoards, new MemoryRoom("test", 800 * MiB, 0));
        Assert.Equal(5, watch.Look().TotalSeconds);
    }

    [Fact]
    public void Pressure_takes_a_quarter_each_time()
    {
        using var hoards = new Hoards("a");
        hoards["a"].Hoard = 1600;
        using var watch = new PressureWatch(hoards.Reclaimer, [], NullLogger.Instance);
        Assert.Equal(0, watch.Triggers);

        watch.Relieve();
        watch.Relieve();

        Assert.Equal(["a 400", "a 300"], hoards.Asked);
    }

    [Fact]
    public void What_the_kernel_tells_of_pressure_is_believed_when_programs_waited_since()
    {
        var totals = new Queue<TimeSpan?>(new double?[] { 1000, 1010, 1049, 1050, 1060, 1099, 1500, null }.Select(one => one is { } milliseconds ? TimeSpan.FromMilliseconds(milliseconds) : (TimeSpan?)null));
        using var source = new PressureSource(new SafeFileHandle(), TimeSpan.FromMilliseconds(100), totals.Dequeue);
        Assert.Equal([false, false, true, false, false, true, true], Enumerable.Range(0, totals.Count).Select(_ => source.IsPressed()));
    }

    [Fact]
    public void A_host_says_where_it_cannot_have_pressure_told_and_serves_all_the_same()
    {
        using var hoards = new Hoards("a");
        using var watch = new PressureWatch(hoards.Reclaimer, ["/proc/pressure/none"], hoards.Host.Host.Core.Log);
        Assert.Equal(0, watch.Triggers);
        Assert.Contains(hoards.Host.Log, line => line.StartsWith("416: ", StringComparison.Ordinal) && line.Contains("/proc/pressure/none", StringComparison.Ordinal));
        using var blind = new PressureWatch(hoards.Reclaimer, ["/dev/null"], hoards.Host.Host.Core.Log); // takes what is written, and cannot be waited on
        Assert.Contains(hoards.Host.Log, line => line.StartsWith("416: ", StringComparison.Ordinal) && line.Contains("triggers", StringComparison.Ordinal));
    }

    private static LimitWatch Watch(Hoards hoards, params MemoryRoom[] rooms) => new(hoards.Reclaimer, () => rooms, TimeProvider.System, NullLogger.Instance);
}

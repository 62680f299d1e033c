using System.Collections.Concurrent;
using DmaHeap.Hosting;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Host;

/// <summary>When the host says that a heap does not come back from a release.</summary>
public sealed class StuckReleaseTests : IDisposable
{
    private readonly ManualResetEventSlim _began = new();
    private readonly ManualResetEventSlim _end = new();

    public void Dispose()
    {
        _began.Dispose();
        _end.Dispose();
    }

    [Fact]
    public void A_release_that_just_began_when_the_watchdog_looks_is_not_stuck_and_one_that_is_there_at_the_next_look_is()
    {
        var time = new TimeByHand();
        using var host = new TestHost(change: options => options with { Time = time });
        host.Heap.OnRelease = _ => Hold();
        time.LookAround(); // nothing is released, now or for ever so long before

        host.Allocate().Dispose();
        Assert.True(_began.Wait(TimeSpan.FromSeconds(20)));
        time.LookAround();
        Assert.DoesNotContain(host.Log, line => line.StartsWith("31:", StringComparison.Ordinal));

        time.LookAround();
        Assert.Single(host.Log, line => line.StartsWith("31:", StringComparison.Ordinal));
        _end.Set();
        host.AssertNothingIsHeld();
    }

    // What the thread that was given up meets then would end the program that the host was a part of.
    [Fact]
    public void A_heap_that_comes_back_from_a_release_when_its_host_has_stopped_harms_nobody()
    {
        var time = new TimeByHand();
        using var host = new TestHost(change: options => options with { Time = time });
        host.Heap.OnRelease = _ => Hold();
        var releaser = host.Host.Core.Releaser;
        host.Allocate().Dispose();
        Assert.True(_began.Wait(TimeSpan.FromSeconds(20)));
        time.LookAround();
        time.LookAround();
        Assert.Single(host.Log, line => line.StartsWith("31:", StringComparison.Ordinal)); // another thread took over, and ends with the host

        host.Dispose();
        _end.Set();
        Eventually.True(() => releaser.Progress == 1, "the buffer is not released");
    }

    // Whoever ends a heap looks at its buffers first, and what goes meanwhile may have to wait for another heap's release.
    [Fact]
    public void What_waits_to_be_released_when_its_heap_ends_is_released_without_it()
    {
        using var host = new TestHost(options => options with
        {
            Time = new TimeByHand(),
            Heaps = [.. options.Heaps, new HeapDefinition { Name = "ending", Create = context => new ScriptedHeap(context) }],
        });
        host.Heap.OnRelease = _ => Hold();
        var core = host.Host.Core;
        host.Allocate().Dispose();
        Assert.True(_began.Wait(TimeSpan.FromSeconds(20)));
        var buffer = host.Allocate(heap: "ending");
        var record = core.Table.Snapshot().Single();
        buffer.Dispose();
        core.Watch.TryCatchUp(core.Watch.Progress, TimeSpan.Zero);
        Assert.Equal((0, 2), (core.Table.Count, core.Releaser.Pending));

        Assert.True(core.Releaser.TakeFromHeap(record, ReleaseReason.HeapStopping));
        core.Releaser.Forget(record.Heap);
        _end.Set();
        host.AssertNothingIsHeld();
        host.AssertNothingIsHeld("ending");
    }

    private void Hold()
    {
        _began.Set();
        _end.Wait();
    }

    /// <summary>Watchdogs look when they are told to.</summary>
    private sealed class TimeByHand : TimeProvider
    {
        private readonly ConcurrentBag<(TimerCallback Callback, object? State)> _watchdogs = [];

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (period == TimeSpan.FromMilliseconds(500)) _watchdogs.Add((callback, state));
            return System.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        public void LookAround()
        {
            foreach (var (callback, state) in _watchdogs) callback(state);
        }
    }
}

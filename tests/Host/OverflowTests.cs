using DmaHeap.Linux;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Host;

/// <summary>More buffers end at once than the kernel's event queue holds.</summary>
[Collection(ExclusiveCollection.Name)]
public sealed class OverflowTests
{
    [Fact]
    public void Buffers_whose_events_were_lost_are_found_by_the_sweep_and_released_once()
    {
        var queue = InotifyLimits.Read();
        var count = (queue.MaxQueuedEvents / 2) + 3_000; // each sends two events
        Assert.SkipWhen(queue.MaxQueuedEvents > 50_000, $"fs.inotify.max_queued_events is {queue.MaxQueuedEvents}: too many buffers for a test");
        Assert.SkipWhen(count + 2_000 > queue.MaxUserWatches, $"fs.inotify.max_user_watches is {queue.MaxUserWatches}: too few");
        using var host = new TestHost(options => options with { Time = new TimeWithoutTimers() }); // no other thread takes over
        Assert.SkipWhen((ulong)count + 1_000 > ResourceLimits.Get(LimitedResource.OpenFiles).Soft, "too few descriptors may be open (RLIMIT_NOFILE)");

        using var gate = new ManualResetEventSlim();
        using var held = new ManualResetEventSlim();
        var buffers = Enumerable.Range(0, count).Select(_ => host.Allocate()).ToArray();
        using var survivor = host.Allocate();
        host.Heap.OnRelease = _ =>
        {
            held.Set();
            gate.Wait();
        };
        buffers[0].Dispose();
        Assert.True(held.Wait(TimeSpan.FromSeconds(20)), "nothing was released");
        foreach (var buffer in buffers) buffer.Dispose(); // while nobody reads the queue
        host.Heap.OnRelease = null;
        gate.Set();

        Eventually.True(() => host.Host.LiveBuffers == 1, "buffers were lost");
        Assert.True(host.Host.Core.Watch.Sweeps >= 1, "the queue did not overflow");
        Eventually.True(() => host.Heap.Released.Count == count, "not every buffer was released");
        Assert.Equal(count, host.Heap.Released.Select(release => release.Buffer).Distinct().Count());
        Assert.Contains(host.Log, line => line.StartsWith("30: ", StringComparison.Ordinal));
        survivor.Dispose();
        host.AssertNothingIsHeld();
    }
}

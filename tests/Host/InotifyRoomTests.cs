using System.Text.Json;
using DmaHeap.Hosting.Lifetime;
using DmaHeap.Hosting.Turnover;
using DmaHeap.Linux;
using DmaHeap.Tests.Linux;
using Microsoft.Extensions.Logging.Abstractions;

namespace DmaHeap.Tests.Host;

/// <summary>Limits are raised only where they are lower, and put back only where they are still ours. On a made-up machine: the true one's are everybody's.</summary>
public sealed class InotifyRoomTests : IDisposable
{
    private readonly TemporaryDirectory _root = new();

    public InotifyRoomTests()
    {
        Directory.CreateDirectory(_root["proc/sys/fs/inotify"]);
        new InotifyLimits(8192, 1 << 20).Write(_root.Path);
    }

    public void Dispose() => _root.Dispose();

    [Fact]
    public void What_is_lower_is_raised_and_put_back()
    {
        using (InotifyRoom.TryMake(NullLogger.Instance, _root.Path))
        {
            Assert.Equal(new InotifyLimits(InotifyRoom.Wanted.MaxUserWatches, 1 << 20), InotifyLimits.Read(_root.Path));
            Assert.Null(InotifyRoom.TryMake(NullLogger.Instance, _root.Path)); // nothing is lower any more
        }

        Assert.Equal(new InotifyLimits(8192, 1 << 20), InotifyLimits.Read(_root.Path));
    }

    [Fact]
    public void What_somebody_changed_meanwhile_is_left_alone()
    {
        var changed = new InotifyLimits(1 << 21, 1 << 20);
        using (InotifyRoom.TryMake(NullLogger.Instance, _root.Path)) changed.Write(_root.Path);
        Assert.Equal(changed, InotifyLimits.Read(_root.Path));
    }

    [Fact]
    public void The_status_says_how_many_watches_are_used_of_how_many()
    {
        using var host = new TestHost();
        using (host.Allocate())
        using (host.Allocate())
        {
            using var status = JsonDocument.Parse(StatusReport.Write(host.Host.Core, withHolders: false));
            var watches = status.RootElement.GetProperty("watches");
            Assert.Equal(2, watches.GetProperty("used").GetInt32());
            var limits = InotifyLimits.Read();
            Assert.Equal((limits.MaxUserWatches, limits.MaxQueuedEvents), (watches.GetProperty("limit").GetInt32(), watches.GetProperty("queueLimit").GetInt32()));
        }
    }

    [Fact]
    public void A_host_that_may_not_does_without()
    {
        using var nothing = new TemporaryDirectory();
        Assert.Null(InotifyRoom.TryMake(NullLogger.Instance, nothing.Path));
    }
}

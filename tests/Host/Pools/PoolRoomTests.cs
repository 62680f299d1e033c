using DmaHeap.Hosting.Memory;
using DmaHeap.Hosting.Memory.Pools;
using DmaHeap.Linux;

namespace DmaHeap.Tests.Host;

/// <summary>What pools leave to the rest of the host.</summary>
public sealed class PoolRoomTests
{
    private readonly Headroom _headroom = new();

    [Fact]
    public void An_eighth_of_the_descriptors_and_of_the_watches_is_all_they_take()
    {
        var room = new PoolRoom(_headroom, TimeProvider.System);
        var most = (int)Math.Min(ResourceLimits.Get(LimitedResource.OpenFiles).Soft / 8, (ulong)InotifyLimits.Read().MaxUserWatches / 8);
        Assert.Null(room.WhyNot(most - 1, 4096));
        Assert.Contains("an eighth", room.WhyNot(most, 4096));
    }

    [Fact]
    public void An_eighth_of_the_memory_stays_available_beyond_them()
    {
        var room = new PoolRoom(_headroom, TimeProvider.System);
        Assert.Null(room.WhyNot(0, 4096));
        Assert.Contains("too little memory", room.WhyNot(0, _headroom.Total() / 8 * 7 + 4096));
    }

    [Fact]
    public void What_was_made_counts_before_it_is_looked_up_again()
    {
        var room = new PoolRoom(_headroom, new TimeStanding());
        Assert.Null(room.WhyNot(0, 4096));
        room.Took(_headroom.Total());
        Assert.Contains("too little memory", room.WhyNot(0, 4096));
    }

    private sealed class TimeStanding : TimeProvider
    {
        public override long GetTimestamp() => 1;
    }
}

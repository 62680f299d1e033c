using DmaHeap.Hosting.Memory.Pools;

namespace DmaHeap.Tests.Host;

/// <summary>What a pool learns from how it is used; no memory, and a clock of numbers.</summary>
public sealed class PoolDemandTests
{
    [Fact]
    public void Whoever_asks_once_need_not_come_again()
    {
        var demand = new PoolDemand();
        Assert.Equal(0, demand.Target(1));
        demand.Took(1);
        Assert.Equal(0, demand.Target(1));
        demand.Took(6);
        Assert.Equal(1, demand.Target(6));
    }

    [Fact]
    public void A_burst_is_expected_once_more_and_forgotten_by_half_every_half_minute()
    {
        var demand = new PoolDemand();
        for (var i = 0; i < 32; i++) demand.Took(10);
        Assert.Equal(32, demand.Target(10.5));
        Assert.Equal(16, demand.Target(40));
        Assert.Equal(8, demand.Target(70));
        Assert.Equal(0, demand.Target(600));
    }

    [Fact]
    public void Takes_that_are_far_apart_are_no_burst()
    {
        var demand = new PoolDemand();
        for (var i = 0; i < 32; i++) demand.Took(10 + i);
        Assert.Equal(1, demand.Target(42));
    }

    [Fact]
    public void What_takes_long_to_make_is_made_ahead_of_a_steady_demand()
    {
        var demand = new PoolDemand();
        for (var i = 0; i < 200; i++) demand.Took(10 + i * 0.2); // five a second
        Assert.InRange(demand.Target(50), 1, 1);
        demand.Made(seconds: 2);
        Assert.InRange(demand.Target(50), 15, 25); // as many as go in the time of two
    }
}

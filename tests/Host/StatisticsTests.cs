using DmaHeap.Heaps;
using DmaHeap.Hosting;
using DmaHeap.Protocol;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Host;

public sealed class StatisticsTests
{
    [Fact]
    public void Counters_gauges_and_causes_tell_the_truth()
    {
        using var host = new TestHost(limits: new Hosting.HeapLimits { Total = 1 << 20 });
        using var client = host.Connect();
        host.Heap.OnGauges = () => new HeapGauges { Capacity = 100, Free = 60, LargestRun = 20 };
        using (client.Allocate(length: 1 << 18)) client.Allocate(length: 1 << 19).Dispose();
        host.AssertNothingIsHeld();
        for (var i = 0; i < 3; i++) client.Ask(Messages.Allocate(client.NextId(), "plain", 1 << 21)).Error();
        client.Ask(Messages.Allocate(client.NextId(), "plain", 0)).Error();

        foreach (var heap in new[] { "plain", "" })
        {
            var packet = client.Ask(Messages.Statistics(client.NextId(), heap));
            var reply = packet.As<StatisticsReply>();
            Assert.Equal((0ul, 0ul, 2ul, 2ul, 4ul), (reply.Buffers, reply.Bytes, reply.Allocations, reply.Releases, reply.Failures));
            Assert.Equal(3ul << 18, reply.PeakBytes);
            Assert.Equal(heap == "plain" ? (1u, 100ul, 60ul, 20ul) : (0u, 0ul, 0ul, 0ul), (reply.HasGauges, reply.Capacity, reply.Free, reply.LargestRun));
            if (heap == "plain") Assert.Equal(1ul << 20, reply.LimitBytes);
            Assert.Equal(2u, reply.CauseCount);
        }
    }

    [Fact]
    public void Who_pays_for_a_buffer_is_counted_and_what_its_pool_does()
    {
        const long Page = 4096;
        using var host = new PooledHost(PooledHost.Fixed(4 * Page, Page), change: options => options with
        {
            Heaps = [.. options.Heaps, options.Heaps[0] with { Name = "committed", Pool = null, Commit = CommitPolicy.Committed, Create = context => new SystemHeap(context) }],
        });
        host.WaitFor(4);
        host.Pool.Pause(); // what is taken stays taken
        using var client = host.Test.Connect();
        using (client.Allocate("plain")) // from the pool
        using (client.Allocate("plain", 3 * (ulong)Page)) // not from it
        using (client.Allocate("committed", 5 * (ulong)Page))
        {
            var plain = Ask("plain");
            Assert.Equal((Page, 3 * Page), ((long)plain.HostPaidBytes, (long)plain.ToucherPaidBytes));
            Assert.Equal((3 * Page, 3, 1, 0, 4 * Page), ((long)plain.PoolBytes, (int)plain.PoolBuffers, (int)plain.PoolHits, (int)plain.PoolMisses, (long)plain.PoolFilledBytes));
            Assert.Equal((5 * Page, 0), ((long)Ask("committed").HostPaidBytes, (long)Ask("committed").ToucherPaidBytes));
            Assert.Equal((6 * Page, 3 * Page, 3), ((long)Ask("").HostPaidBytes, (long)Ask("").ToucherPaidBytes, (int)Ask("").PoolBuffers));
        }

        host.Test.AssertNothingIsHeld();
        host.Pool.Scan(2 * Page);
        var after = Ask("plain");
        Assert.Equal((0, 0, 2 * Page, Page), ((long)after.HostPaidBytes, (long)after.ToucherPaidBytes, (long)after.PoolGivenBackBytes, (long)after.PoolBytes));

        StatisticsReply Ask(string heap) => client.Ask(Messages.Statistics(client.NextId(), heap)).As<StatisticsReply>();
    }

    [Fact]
    public void A_gauge_that_throws_is_the_heaps_fault_and_ends_no_connection()
    {
        using var host = new TestHost();
        using var client = host.Connect();
        host.Heap.OnGauges = () => throw new InvalidOperationException("no needle");
        var refusal = client.Ask(Messages.Statistics(client.NextId(), "plain")).Error();
        Assert.Equal((HeapErrno.InputOutput, HeapCause.HeapFault, false), (refusal.Errno, refusal.Cause, refusal.Fatal));
        client.Allocate().Dispose();
    }
}

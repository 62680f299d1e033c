using DmaHeap.Client;
using DmaHeap.Protocol;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Linux;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Client.Pooling;

/// <summary>A pool whose host ends, and whose client finds another.</summary>
public sealed class HostEndTests : IDisposable
{
    readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_pool_goes_on_without_its_host_and_with_the_next_one()
    {
        using var first = Serve();
        using var client = DmaHeapClient.Connect(_directory["socket"]);
        using var pool = new BufferPool(client, "plain", 4096, new() { Capacity = 4, Prewarm = 3 });
        using var leased = pool.Acquire();
        leased.Span[0] = 42;
        var former = leased.Buffer.Id!.Value;

        first.Dispose();
        using (var idle = pool.Acquire())
        using (pool.Acquire())
        {
            idle.Span[0] = 43; // nothing of that needs a host
            AssertGone(Assert.Throws<DmaHeapException>(() => pool.Acquire()));
            AssertGone(await Assert.ThrowsAsync<DmaHeapException>(() => pool.AcquireAsync().AsTask()));
            AssertGone(Assert.Throws<DmaHeapException>(() => pool.TryAcquire(out _)));
            Assert.Equal((3, 0), (pool.Statistics.InUse, pool.Statistics.Idle));
        }

        using var second = Serve();
        Assert.Equal(3, (await client.ReconnectedAsync().WaitAsync(FakeHost.Deadline))!.Adopted);
        Assert.Equal(3, second.Host.LiveBuffers);
        Assert.Equal(42, leased.Span[0]);
        Assert.NotEqual(former.Epoch, leased.Buffer.Id!.Value.Epoch);
        using (var adopted = pool.Acquire())
        using (pool.Acquire())
        using (var made = pool.Acquire())
        {
            Assert.Equal((BufferFlags.Adopted, BufferFlags.None), (adopted.Buffer.Flags & BufferFlags.Adopted, made.Buffer.Flags & BufferFlags.Adopted));
            Assert.Equal(adopted.Buffer.Id, client.Describe(adopted.Buffer.Handle).Id);
        }

        leased.Return();
        pool.Dispose();
        second.AssertNothingIsHeld();
    }

    [Fact]
    public async Task Those_who_wait_for_room_are_each_told_that_the_host_is_gone()
    {
        using var host = Serve();
        using var client = DmaHeapClient.Connect(_directory["socket"]);
        using var pool = new BufferPool(client, "plain", 4096, new() { Capacity = 1 });
        var only = pool.Acquire();
        var waiting = Enumerable.Range(0, 3).Select(_ => pool.AcquireAsync().AsTask()).ToArray();
        host.Dispose();
        only.Discard();
        foreach (var task in waiting) AssertGone(await Assert.ThrowsAsync<DmaHeapException>(() => task).WaitAsync(FakeHost.Deadline));
        Assert.Equal((0, 0, 0), (pool.Statistics.InUse, pool.Statistics.Idle, pool.Statistics.Waiting));
    }

    [Fact]
    public void A_client_that_is_disposed_takes_no_buffer_along()
    {
        using var host = Serve();
        var client = DmaHeapClient.Connect(_directory["socket"]);
        using var pool = new BufferPool(client, "plain", 4096, new() { Capacity = 2, Prewarm = 1 });
        client.Dispose();
        using var lease = pool.Acquire();
        lease.Span[0] = 1;
        Assert.Throws<ObjectDisposedException>(() => pool.Acquire());
        Assert.Equal(1, host.Host.LiveBuffers);
    }

    // In its own words, where there was time for any.
    static void AssertGone(DmaHeapException refusal) => Assert.Contains(refusal.Cause, (string[])[ClientCause.ConnectionLost, "stopping"]);

    TestHost Serve() => new(options => options with { SocketPath = _directory["socket"] });
}

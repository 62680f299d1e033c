using DmaHeap.Hosting;
using DmaHeap.Hosting.Allocation;
using DmaHeap.Hosting.Server;
using DmaHeap.Linux;
using DmaHeap.Protocol;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Host;

/// <summary>Requests withdrawn by their client, or by its end.</summary>
public sealed class CancellationTests
{
    private static HeapBuffer WaitForEver(AllocationRequest request, CancellationToken token)
    {
        token.WaitHandle.WaitOne();
        token.ThrowIfCancellationRequested();
        throw new InvalidOperationException("unreachable");
    }

    [Fact]
    public void A_withdrawn_allocation_answers_EINTR_and_the_heap_sees_the_token()
    {
        using var host = new TestHost();
        using var client = host.Connect();
        host.Heap.OnAllocate = WaitForEver;
        client.Send(Messages.Allocate(7, "plain", 4096));
        Eventually.True(() => host.Probe.Count(AllocationStep.Admitted) == 1, "the heap was not asked");
        client.Send(Messages.Cancel(7));
        var reply = client.Receive();
        Assert.Equal(7u, reply.Header.RequestId);
        Assert.Equal((HeapErrno.Interrupted, HeapCause.Cancelled), (reply.Error().Errno, reply.Error().Cause));
        host.AssertNothingIsHeld();
        host.Heap.OnAllocate = null;
        client.Allocate().Dispose();
    }

    [Fact]
    public void A_withdrawal_right_behind_its_request_reaches_it_while_the_heap_is_busy()
    {
        // One worker finds both messages, and is held up by the first: nobody may leave the second lying there.
        using var host = new TestHost();
        using var client = host.Connect();
        host.Heap.OnAllocate = WaitForEver;
        client.Send(Messages.Allocate(1, "plain", 4096));
        client.Send(Messages.Cancel(1));
        Assert.Equal(HeapErrno.Interrupted, client.Receive().Error().Errno);
    }

    [Fact]
    public void A_client_gone_right_behind_its_request_withdraws_it()
    {
        using var host = new TestHost();
        var cancelled = 0;
        host.Heap.OnAllocate = (_, token) =>
        {
            token.WaitHandle.WaitOne();
            Interlocked.Increment(ref cancelled);
            token.ThrowIfCancellationRequested();
            return null!;
        };
        using (var client = host.Connect()) client.Send(Messages.Allocate(1, "plain", 4096));
        Eventually.True(() => Volatile.Read(ref cancelled) == 1, "the heap was never told");
        host.Heap.OnAllocate = null;
        host.AssertNothingIsHeld();
    }

    [Fact]
    public void Withdrawing_what_is_not_under_way_does_nothing()
    {
        using var host = new TestHost();
        using var client = host.Connect();
        client.Send(Messages.Cancel(99));
        client.Allocate().Dispose();
    }

    [Fact]
    public void A_withdrawal_never_hits_the_request_that_comes_after()
    {
        var (ours, theirs) = SeqpacketSocket.CreatePair();
        using var connection = ours;
        theirs.Dispose();
        var target = new Connection(1, ours, TestHost.Us);
        using var stop = new CancellationTokenSource();
        var canceller = new Thread(() =>
        {
            while (!stop.IsCancellationRequested) target.Cancel(1);
        });
        canceller.Start();
        var hit = 0;
        for (var i = 0; i < 300_000 && hit == 0; i++)
        {
            target.Begin(1);
            target.End(1);
            var innocent = target.Begin(2)!;
            Thread.SpinWait(20);
            if (innocent.IsCancellationRequested) hit++;
            target.End(2);
        }

        stop.Cancel();
        canceller.Join();
        Assert.Equal(0, hit);
    }

    [Fact]
    public void A_number_that_is_under_way_cannot_be_used_again()
    {
        using var host = new TestHost();
        using var client = host.Connect();
        host.Heap.OnAllocate = WaitForEver;
        client.Send(Messages.Allocate(7, "plain", 4096));
        Eventually.True(() => host.Probe.Count(AllocationStep.Admitted) == 1, "the heap was not asked");
        client.Send(Messages.Allocate(7, "plain", 4096));
        var refusal = client.Receive().Error();
        Assert.True(refusal.Fatal);
        Assert.Contains("under way", refusal.Sentence);
    }
}

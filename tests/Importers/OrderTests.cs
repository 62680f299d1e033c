using DmaHeap.Linux;
using DmaHeap.Protocol;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Support;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Tests.Importers;

/// <summary>The host keeps the order of ops, and no heap hears of one that is out of it.</summary>
public sealed class OrderTests
{
    [Fact]
    public void Each_op_out_of_order_is_refused_and_reaches_no_heap()
    {
        using var host = new TestHost();
        var buffer = ScriptedBuffer.Install(host);
        using var client = host.Connect();
        using var descriptor = client.Allocate();
        Refused(client, Messages.Map(client.NextId(), 1), HeapErrno.Invalid, HeapCause.NotAttached);
        Refused(client, Messages.Unmap(client.NextId(), 1), HeapErrno.Invalid, HeapCause.NotAttached);
        Refused(client, Messages.Detach(client.NextId(), 1), HeapErrno.Invalid, HeapCause.NotAttached);
        Refused(client, Messages.Vunmap(client.NextId(), 1), HeapErrno.Invalid, HeapCause.NotAttached);
        Assert.Empty(buffer().Calls);

        Done(client, Messages.Attach(client.NextId(), 1), descriptor);
        Refused(client, Messages.Attach(client.NextId(), 1), HeapErrno.Invalid, HeapCause.BadRequest, descriptor);
        Refused(client, Messages.Unmap(client.NextId(), 1), HeapErrno.Invalid, HeapCause.BadOrder);
        using (client.Ask(Messages.Map(client.NextId(), 1))) Refused(client, Messages.Map(client.NextId(), 1), HeapErrno.Busy, HeapCause.AlreadyMapped);
        Done(client, Messages.Unmap(client.NextId(), 1));
        Refused(client, Messages.Unmap(client.NextId(), 1), HeapErrno.Invalid, HeapCause.BadOrder);
        Done(client, Messages.Detach(client.NextId(), 1));
        Refused(client, Messages.Detach(client.NextId(), 1), HeapErrno.Invalid, HeapCause.NotAttached);
        Assert.Equal(["Attach", "Map", "Unmap", "Detach"], buffer().Calls);
    }

    [Fact]
    public void Another_clients_attachment_is_out_of_reach()
    {
        using var host = new TestHost();
        using var client = host.Connect();
        using var other = host.Connect();
        using var descriptor = client.Allocate();
        Done(client, Messages.Attach(client.NextId(), 7), descriptor);
        Refused(other, Messages.Map(other.NextId(), 7), HeapErrno.Invalid, HeapCause.NotAttached);
        Refused(other, Messages.Detach(other.NextId(), 7), HeapErrno.Invalid, HeapCause.NotAttached);
        Done(other, Messages.Attach(other.NextId(), 7), descriptor);
        Assert.Equal(2u, Describe(client, descriptor).Attachments);
        Done(client, Messages.Detach(client.NextId(), 7));
        Assert.Equal(1u, Describe(client, descriptor).Attachments);
    }

    [Fact]
    public void A_detach_unmaps_first_what_is_mapped()
    {
        using var host = new TestHost();
        var buffer = ScriptedBuffer.Install(host);
        using var client = host.Connect();
        using var descriptor = client.Allocate();
        Done(client, Messages.Attach(client.NextId(), 1), descriptor);
        client.Ask(Messages.Map(client.NextId(), 1)).Dispose();
        Done(client, Messages.Detach(client.NextId(), 1));
        Assert.Equal(["Attach", "Map", "Unmap", "Detach"], buffer().Calls);
    }

    [Fact]
    public void What_a_client_leaves_is_undone_in_reverse_once()
    {
        using var host = new TestHost();
        var buffer = ScriptedBuffer.Install(host);
        using var owner = host.Connect();
        using var descriptor = owner.Allocate();
        using (var client = host.Connect())
        {
            Done(client, Messages.Attach(client.NextId(), 1), descriptor);
            client.Ask(Messages.Map(client.NextId(), 1)).Dispose();
            client.Ask(Messages.Vmap(client.NextId(), 1), descriptor).Dispose();
            Done(client, Messages.CpuAccess(client.NextId(), 1), descriptor);
        }

        Eventually.True(() => buffer().Calls.Count == 8, "not all was undone");
        Assert.Equal(["Attach", "Map", "Vmap", "BeginCpuAccess", "EndCpuAccess", "Vunmap", "Unmap", "Detach"], buffer().Calls);
        Eventually.True(() => host.Host.Core.ImportLimits.Held == 0, "the attachment is still counted");
        Assert.Equal(0u, Describe(owner, descriptor).Attachments);
    }

    [Fact]
    public void Ops_sent_in_one_go_are_carried_out_in_their_order_even_while_the_heap_is_slow()
    {
        using var host = new TestHost();
        var buffer = ScriptedBuffer.Install(host);
        using var client = host.Connect();
        using var descriptor = client.Allocate();
        using var gate = new ManualResetEventSlim();
        buffer().On["Attach"] = () => gate.Wait();
        client.Send(Messages.Attach(1, 1), descriptor);
        client.Send(Messages.Map(2, 1));
        client.Send(Messages.Unmap(3, 1));
        client.Send(Messages.Detach(4, 1));
        client.Send(Messages.ListHeaps(5));
        // The watchdog has another worker read on; what belongs after the attach queues up behind it, and the rest is answered.
        using (var reply = client.Receive()) Assert.Equal(5u, reply.Header.RequestId);
        gate.Set();
        for (var id = 1u; id <= 4; id++)
        {
            using var reply = client.Receive();
            Assert.Equal((id, true), (reply.Header.RequestId, reply.Header.Kind != MessageKind.Error));
        }

        Assert.Equal(["Attach", "Map", "Unmap", "Detach"], buffer().Calls);
    }

    [Fact]
    public void They_keep_their_order_when_workers_relieve_each_other_again_and_again()
    {
        const int Rounds = 8, Requests = 5;
        using var host = new TestHost();
        var buffer = ScriptedBuffer.Install(host);
        using var client = host.Connect();
        using var descriptor = client.Allocate();
        var readOn = Enumerable.Range(0, Rounds).Select(_ => new ManualResetEventSlim()).ToArray();
        var attached = -1;
        buffer().On["Attach"] = () =>
        {
            // Every other one is slow: until a request behind it was answered, which another worker must have read.
            var round = Interlocked.Increment(ref attached);
            if (round % 2 == 1 && !readOn[round].Wait(TimeSpan.FromSeconds(20))) throw new TimeoutException($"nobody read on behind attach {round}");
        };
        for (var round = 0; round < Rounds; round++)
        {
            var id = (ulong)(round * Requests) + 1;
            client.Send(Messages.Attach(id, 1), descriptor);
            client.Send(Messages.Map(id + 1, 1));
            client.Send(Messages.Unmap(id + 2, 1));
            client.Send(Messages.Detach(id + 3, 1));
            client.Send(Messages.ListHeaps(id + 4));
        }

        var answered = new List<ulong>();
        while (answered.Count < Rounds * Requests)
        {
            using var reply = client.Receive();
            Assert.NotEqual(MessageKind.Error, reply.Header.Kind);
            answered.Add(reply.Header.RequestId);
            if (reply.Header.RequestId % Requests == 0) readOn[(reply.Header.RequestId / Requests) - 1].Set();
        }

        Assert.Equal(Enumerable.Repeat<string[]>(["Attach", "Map", "Unmap", "Detach"], Rounds).SelectMany(calls => calls), buffer().Calls);
        var ops = answered.Where(id => id % Requests != 0).ToArray();
        Assert.Equal(ops.Order(), ops);
    }

    [Fact]
    public void When_the_host_stops_importers_are_unmapped_and_detached_before_the_release()
    {
        var host = new TestHost();
        var buffer = ScriptedBuffer.Install(host);
        using var client = host.Connect();
        using var descriptor = client.Allocate();
        Done(client, Messages.Attach(client.NextId(), 1), descriptor);
        client.Ask(Messages.Map(client.NextId(), 1)).Dispose();
        var calls = buffer().Calls;
        host.Heap.OnRelease = _ => calls.Enqueue("Release");
        host.Dispose();
        Assert.Equal(["Attach", "Map", "Unmap", "Detach", "Release"], calls);
    }

    internal static BufferEntry Describe(RawClient client, SafeFileHandle descriptor) => client.Ask(Messages.Describe(client.NextId()), descriptor).As<DescribeReply>().Buffer;

    internal static void Done<T>(RawClient client, T request, params ReadOnlySpan<SafeFileHandle> descriptors)
        where T : unmanaged => client.Ask(request, descriptors).As<DoneReply>();

    internal static Refusal Refused<T>(RawClient client, T request, HeapErrno errno, string cause, params ReadOnlySpan<SafeFileHandle> descriptors)
        where T : unmanaged
    {
        var refusal = client.Ask(request, descriptors).Error();
        Assert.Equal((errno, cause), (refusal.Errno, refusal.Cause));
        return refusal;
    }
}

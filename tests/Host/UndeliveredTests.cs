using DmaHeap.Hosting;
using DmaHeap.Hosting.Server;
using DmaHeap.Linux;
using DmaHeap.Protocol;
using DmaHeap.Tests.Linux;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Host;

/// <summary>Clients that read late, or never.</summary>
[Collection(ExclusiveCollection.Name)]
public sealed class UndeliveredTests
{
    [Fact]
    public void A_client_that_never_reads_is_capped_and_harms_nobody()
    {
        using var host = new TestHost();
        using var greedy = host.Connect();
        using var other = host.Connect();
        var before = Descriptors.Count();
        var asked = 0;
        for (; asked < 200; asked++)
        {
            // Its socket takes no more requests once the host reads no more of them.
            if (greedy.TrySend(Messages.Allocate((ulong)asked + 1, "plain", 4096, count: 50)) != Errno.None) break;
        }

        Eventually.True(() => host.Host.LiveBuffers >= 1000, "fewer were sent than may be");
        for (var i = 0; i < 50; i++) other.Allocate().Dispose();
        Eventually.True(() => host.Host.LiveBuffers is >= 1000 and <= 1024, "more were sent than may be");
        Assert.InRange(Descriptors.Count(), 0, before + 100);

        var (got, refused) = (0, 0);
        for (var i = 0; i < asked; i++)
        {
            using var reply = greedy.Receive();
            if (reply.Header.Kind == MessageKind.Error)
            {
                refused++;
                Assert.Equal((HeapErrno.Busy, HeapCause.UndeliveredLimit), (reply.Error().Errno, reply.Error().Cause));
            }
            else
            {
                got += reply.Descriptors.Length;
            }
        }

        Assert.True(got >= 1000 && refused > 0, $"{got} came and {refused} requests were refused");
        greedy.Allocate().Dispose();
        host.AssertNothingIsHeld();
    }

    [Fact]
    public void A_client_that_reads_late_gets_every_reply_with_its_own_descriptors()
    {
        using var host = new TestHost();
        using var client = host.Connect();
        var sent = new Queue<(ulong Id, bool IsList)>();
        while (sent.Count < 400)
        {
            var id = client.NextId();
            var isList = id % 3 == 0;
            var errno = isList ? client.TrySend(Messages.ListBuffers(id)) : client.TrySend(Messages.Allocate(id, "plain", 4096 * id, count: 2));
            if (errno != Errno.None) break;
            sent.Enqueue((id, isList));
        }

        var answered = new Dictionary<ulong, Packet>();
        for (var i = 0; i < sent.Count; i++)
        {
            var reply = client.Receive();
            answered.Add(reply.Header.RequestId, reply);
        }

        foreach (var (id, isList) in sent)
        {
            using var reply = answered[id];
            if (isList)
            {
                Assert.Empty(reply.Descriptors);
                reply.As<ListReply>();
                continue;
            }

            Assert.Equal(2, reply.Descriptors.Length);
            Assert.All(reply.Descriptors, descriptor => Assert.Equal((long)(4096 * id), FileStatus.Of(descriptor).Length));
        }
    }

    [Fact]
    public void A_kept_reply_that_the_kernel_refuses_in_the_end_does_not_pass_for_sent()
    {
        var (ours, theirs) = SeqpacketSocket.CreatePair();
        using var peer = theirs;
        var connection = new Connection(1, ours, TestHost.Us);
        while (!connection.HasUnsent) Assert.Equal(Errno.None, connection.Send(new byte[ProtocolConstants.MaxMessageBytes], []));
        Assert.True(connection.TryFlush()); // full: it waits on
        Assert.True(connection.HasUnsent);
        SeqpacketSocket.TryShutdown(peer);
        Assert.False(connection.TryFlush());
        connection.TryClose();
    }

    /// <summary>A worker turns to others after so many requests of one client: the replies it could not send must not wait for a next request.</summary>
    [Fact]
    public void Replies_kept_at_the_end_of_a_turn_come_when_the_client_reads()
    {
        using var host = new TestHost(options => options with { Time = new TimeWithoutTimers() });
        var buffers = Enumerable.Range(0, 400).Select(_ => host.Allocate()).ToArray();
        for (var large = 1; large < 16; large++)
        {
            using var busy = new BusyWorkers(host);
            var client = busy.Waiting;
            for (var i = 0; i < 16; i++)
            {
                if (i < 16 - large) client.Send(Messages.Statistics(client.NextId()));
                else client.Send(Messages.ListBuffers(client.NextId()));
            }

            using var other = RawClient.Connect(host.SocketPath);
            busy.Free();
            other.Ask(Messages.Hello()); // the one free worker is done with the turn before
            for (var i = 0; i < 16; i++) client.Receive();
        }

        foreach (var buffer in buffers) buffer.Dispose();
    }

    [Fact]
    public void A_connection_that_ends_in_the_middle_of_a_request_neither_gains_nor_loses_count()
    {
        var cap = new UndeliveredCap(perConnection: 10, perUser: 10, total: 10, new ConnectionTable(perUser: 10));
        for (var i = 0; i < 3; i++)
        {
            var (first, firstPeer) = Pair(1);
            cap.Reserve(first, 10);
            first.TryClose();
            cap.ConnectionClosed(first);
            cap.Return(first, 10); // its worker finds nobody to send to
            firstPeer.Dispose();
        }

        var (second, secondPeer) = Pair(2);
        using var peer = secondPeer;
        cap.Reserve(second, 10);
        Assert.Equal(HeapErrno.Busy, Assert.Throws<HeapException>(() => cap.Reserve(second, 1)).Errno);
        cap.Return(second, 10);
        cap.Reserve(second, 10);
    }

    [Fact]
    public void What_is_reserved_and_not_sent_yet_does_not_pass_for_read()
    {
        var cap = new UndeliveredCap(perConnection: 10, perUser: 10, total: 10, new ConnectionTable(perUser: 10));
        var (connection, other) = Pair(1);
        using var peer = other;
        cap.Reserve(connection, 10);
        Assert.Throws<HeapException>(() => cap.Reserve(connection, 10));
        connection.TryClose();
    }

    private static (Connection Connection, Microsoft.Win32.SafeHandles.SafeFileHandle Peer) Pair(ulong key)
    {
        var (ours, theirs) = SeqpacketSocket.CreatePair();
        return (new Connection(key, ours, TestHost.Us), theirs);
    }
}

using System.Net.Sockets;
using DmaHeap.Client;
using DmaHeap.Linux;

namespace DmaHeap.Tests.Client;

public sealed class SharingTests
{
    readonly string _mark = Descriptors.NewMark();

    [Fact]
    public void A_buffer_is_shared_over_a_seqpacket_socket()
    {
        var (here, there) = SeqpacketSocket.CreatePair();
        using (here)
        using (there)
        using (var buffer = DmaBuffer.FromHandle(FakeHost.Memory(_mark, 4096)))
        {
            using var mapping = buffer.Map();
            mapping.Span[17] = 71;
            buffer.Share(here);

            using var received = DmaBuffer.Receive(there);
            using var other = received.Map();

            Assert.Equal(4096, received.Length);
            Assert.Equal(71, other.Span[17]);
        }

        Assert.Equal(0, Descriptors.Count(_mark));
    }

    [Fact]
    public async Task A_buffer_is_shared_over_a_stream_socket_between_other_data()
    {
        var directory = Directory.CreateTempSubdirectory("dmaheap-client-");
        try
        {
            var address = new UnixDomainSocketEndPoint(Path.Combine(directory.FullName, "stream"));
            using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            listener.Bind(address);
            listener.Listen(1);
            using var here = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await here.ConnectAsync(address); // asynchronous: the descriptor is non-blocking from here on
            using var there = await listener.AcceptAsync();
            using var buffer = DmaBuffer.FromHandle(FakeHost.Memory(_mark, 4096));

            var receiving = Task.Run(() => DmaBuffer.Receive(there));
            buffer.Share(here);
            await here.SendAsync("after"u8.ToArray());
            using var received = await receiving.WaitAsync(FakeHost.Deadline);
            var rest = new byte[5];
            for (var got = 0; got < rest.Length;) got += await there.ReceiveAsync(rest.AsMemory(got));

            Assert.Equal(4096, received.Length);
            Assert.Equal("after"u8.ToArray(), rest);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public void What_is_not_a_shared_buffer_is_refused_and_closed()
    {
        var (here, there) = SeqpacketSocket.CreatePair();
        using (here)
        using (there)
        {
            using (var memory = FakeHost.Memory(_mark, 4096))
            {
                Assert.Equal(Errno.None, SocketMessages.TrySend(here, "D"u8, [memory, memory]));
                Assert.Equal(Errno.None, SocketMessages.TrySend(here, "D!"u8, memory));
                Assert.Equal(Errno.None, SocketMessages.TrySend(here, "D"u8));
            }

            for (var i = 0; i < 3; i++) Assert.Equal(Errno.EPROTO, Assert.Throws<DmaHeapException>(() => DmaBuffer.Receive(there)).Errno);
            here.Dispose();
            Assert.Equal(Errno.ECONNRESET, Assert.Throws<DmaHeapException>(() => DmaBuffer.Receive(there)).Errno);
        }

        Assert.Equal(0, Descriptors.Count(_mark));
    }
}

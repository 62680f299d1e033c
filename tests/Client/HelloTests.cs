using DmaHeap.Client;
using DmaHeap.Linux;
using DmaHeap.Protocol;

namespace DmaHeap.Tests.Client;

public sealed class HelloTests
{
    [Fact]
    public async Task The_client_says_its_version_first_and_learns_the_hosts()
    {
        HelloRequest said = default;
        using var host = FakeHost.Play(
            h =>
            {
                var hello = h.Expect(MessageKind.Hello);
                said = hello.As<HelloRequest>();
                h.Reply(hello, FakeHost.GoodHello());
            },
            out var socket);

        using var client = await DmaHeapClient.AttachAsync(socket).WaitAsync(FakeHost.Deadline);

        Assert.Equal(ProtocolConstants.Magic, said.Magic);
        Assert.Equal((1, 0), (said.Major, said.Minor));
        Assert.Equal((FakeHost.Epoch, 4096, 4711, 253), (client.Host.Epoch, client.Host.PageSize, client.Host.ProcessId, client.Host.MaxDescriptors));
    }

    [Fact]
    public void A_refused_version_carries_the_hosts_words()
    {
        using var host = FakeHost.Play(
            h =>
            {
                h.Expect(MessageKind.Hello);
                h.Error(0, Errno.EPROTO, "bad-request", "This host speaks 2.", ErrorFlags.Fatal);
            },
            out var socket);

        var thrown = Assert.Throws<DmaHeapException>(() => DmaHeapClient.Attach(socket));

        Assert.Equal(Errno.EPROTO, thrown.Errno);
        Assert.Contains("This host speaks 2.", thrown.Message);
        Assert.True(socket.IsClosed);
    }

    [Theory]
    [InlineData("magic")]
    [InlineData("major")]
    [InlineData("features")]
    [InlineData("descriptors")]
    public void A_hello_that_makes_no_sense_is_refused(string wrong)
    {
        using var host = FakeHost.Play(
            h =>
            {
                var reply = FakeHost.GoodHello();
                if (wrong == "magic") reply.Magic++;
                if (wrong == "major") reply.Major++;
                if (wrong == "features") reply.Features = (ProtocolFeatures)1;
                if (wrong == "descriptors") reply.MaxDescriptors = 254;
                h.Reply(h.Expect(MessageKind.Hello), reply);
                h.ExpectEnd();
            },
            out var socket);

        var thrown = Assert.Throws<DmaHeapException>(() => DmaHeapClient.Attach(socket));

        Assert.Equal((Errno.EPROTO, ClientCause.BadReply), (thrown.Errno, thrown.Cause));
        Assert.True(socket.IsClosed);
    }

    [Fact]
    public void A_newer_hello_is_read_when_what_it_adds_is_zero()
    {
        using var host = FakeHost.Play(
            h =>
            {
                var hello = h.Expect(MessageKind.Hello);
                h.Send(FakeHost.Packet(MessageKind.Hello | MessageKind.ReplyBit, hello.Header.RequestId, FakeHost.GoodHello(), new byte[8]));
            },
            out var socket);

        using var client = DmaHeapClient.Attach(socket);

        Assert.Equal(FakeHost.Epoch, client.Host.Epoch);
    }

    [Fact]
    public async Task Giving_up_on_a_silent_host_hangs_up()
    {
        using var heard = new SemaphoreSlim(0);
        using var host = FakeHost.Play(h => { h.Expect(MessageKind.Hello); heard.Release(); h.ExpectEnd(); }, out var socket);
        using var cancel = new CancellationTokenSource();

        var attaching = DmaHeapClient.AttachAsync(socket, cancel.Token);
        Assert.True(await heard.WaitAsync(FakeHost.Deadline));
        cancel.Cancel();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => attaching.WaitAsync(FakeHost.Deadline));
        Assert.True(SpinWait.SpinUntil(() => socket.IsClosed, FakeHost.Deadline)); // whoever read last closes it
    }

    [Fact]
    public async Task Without_a_host_the_error_says_where_was_looked_and_what_to_try()
    {
        var path = Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString("N"), "socket");

        var thrown = await Assert.ThrowsAsync<DmaHeapException>(() => DmaHeapClient.ConnectAsync(path));

        Assert.Equal((Errno.ENOENT, ClientCause.NoHost), (thrown.Errno, thrown.Cause));
        Assert.Contains(path, thrown.Message);
        Assert.Contains("./dmaheap serve", thrown.Message);
    }

    [Fact]
    public void The_socket_of_a_dead_host_is_told_from_none()
    {
        var directory = Directory.CreateTempSubdirectory("dmaheap-client-");
        try
        {
            var path = Path.Combine(directory.FullName, "socket");
            SeqpacketSocket.Listen(path, UnixFileMode.UserRead | UnixFileMode.UserWrite, 1).Dispose();

            var thrown = Assert.Throws<DmaHeapException>(() => DmaHeapClient.Connect(path));

            Assert.Equal(Errno.ECONNREFUSED, thrown.Errno);
            Assert.Contains("left by a host that is gone", thrown.Message);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_listening_host_is_found_by_its_path()
    {
        var directory = Directory.CreateTempSubdirectory("dmaheap-client-");
        try
        {
            var path = Path.Combine(directory.FullName, "socket");
            using var listener = SeqpacketSocket.Listen(path, UnixFileMode.UserRead | UnixFileMode.UserWrite, 1);
            var connecting = DmaHeapClient.ConnectAsync(path);
            Assert.Equal(Errno.None, SeqpacketSocket.TryAccept(listener, nonBlocking: false, out var accepted));
            using var host = FakeHost.PlayOn(accepted, h => h.AnswerHello());

            await using var client = await connecting.WaitAsync(FakeHost.Deadline);

            Assert.Equal(FakeHost.Epoch, client.Host.Epoch);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }
}

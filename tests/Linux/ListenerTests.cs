using DmaHeap.Linux;

namespace DmaHeap.Tests.Linux;

public sealed class ListenerTests
{
    const UnixFileMode OwnerAndGroup = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;

    [Theory]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.UserWrite)]
    [InlineData(OwnerAndGroup)]
    [InlineData(OwnerAndGroup | UnixFileMode.OtherRead | UnixFileMode.OtherWrite)]
    public void The_socket_file_has_exactly_the_mode_asked_for(UnixFileMode mode)
    {
        using var directory = new TemporaryDirectory();
        using var listener = SeqpacketSocket.Listen(directory["s"], mode, 4);
        Assert.Equal(mode, new FileInfo(directory["s"]).UnixFileMode);
    }

    [Fact]
    public void A_client_connects_and_is_known()
    {
        using var directory = new TemporaryDirectory();
        using var listener = SeqpacketSocket.Listen(directory["s"], OwnerAndGroup, 4, nonBlocking: true);
        Assert.Equal(Errno.EAGAIN, SeqpacketSocket.TryAccept(listener, false, out var none));
        Assert.True(none.IsInvalid);
        Assert.Equal(Errno.None, SeqpacketSocket.TryConnect(directory["s"], out var client));
        Assert.Equal(Errno.None, SeqpacketSocket.TryAccept(listener, true, out var server));
        using var _ = client;
        using var __ = server;
        Assert.NotEqual(0, DescriptorFlags.GetStatusFlags(server) & DescriptorFlags.NonBlock);
        Assert.True(DescriptorFlags.GetCloseOnExec(server));
        Assert.Equal(
            new PeerCredentials(Environment.ProcessId, ProcessIdentity.EffectiveUserId, ProcessIdentity.GroupId), SocketPeer.GetCredentials(server));
        Assert.Equal(ProcessIdentity.GetGroups().Order(), SocketPeer.GetGroups(server).Order());
    }

    [Fact]
    public void The_peers_process_is_this_one()
    {
        var (near, far) = SeqpacketSocket.CreatePair();
        using var _ = near;
        using var __ = far;
        var errno = SocketPeer.TryGetProcess(near, out var process);
        if (errno == Errno.ENOPROTOOPT) Assert.Skip("This kernel has no SO_PEERPIDFD.");
        Assert.Equal(Errno.None, errno);
        using (process)
        {
            var number = process!.DangerousGetHandle();
            Assert.Contains($"Pid:\t{Environment.ProcessId}", File.ReadAllLines($"/proc/self/fdinfo/{number}"));
            Assert.Equal(Errno.None, ProcessFd.TrySendSignal(process, 0));
        }

        using var place = new ReusableDescriptor();
        Assert.Equal(Errno.None, SocketPeer.TryGetProcess(near, place));
        Assert.Contains($"Pid:\t{Environment.ProcessId}", File.ReadAllLines($"/proc/self/fdinfo/{place.DangerousGetHandle()}"));
    }

    [Fact]
    public void Refusals_name_their_reason()
    {
        using var directory = new TemporaryDirectory();
        Assert.Equal(Errno.ENOENT, SeqpacketSocket.TryConnect(directory["none"], out var none));
        Assert.True(none.IsInvalid || none.IsClosed);
        using (SeqpacketSocket.Listen(directory["s"], OwnerAndGroup, 1))
        {
            var taken = Assert.Throws<LinuxException>(() => SeqpacketSocket.Listen(directory["s"], OwnerAndGroup, 1));
            Assert.Equal(Errno.EADDRINUSE, taken.Errno);
            Assert.Contains(directory["s"], taken.Message);
        }

        Assert.Equal(Errno.ECONNREFUSED, SeqpacketSocket.TryConnect(directory["s"], out _));
        Assert.Equal(Errno.ENAMETOOLONG, SeqpacketSocket.TryConnect("/" + new string('x', UnixAddress.MaxPathLength), out _));
        Assert.Equal(Errno.ENOENT, SeqpacketSocket.TryConnect("/" + new string('x', UnixAddress.MaxPathLength - 1), out _));
    }
}

using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Tests.Linux;

[Collection(ExclusiveCollection.Name)]
public sealed class SocketTests : IDisposable
{
    const string Mark = "/memfd:sent";

    readonly SafeFileHandle _near;
    readonly SafeFileHandle _far;

    public SocketTests() => (_near, _far) = SeqpacketSocket.CreatePair();

    public void Dispose()
    {
        _near.Dispose();
        _far.Dispose();
        Assert.Equal(0, OpenDescriptors.Count(Mark));
    }

    static SafeFileHandle[] Memfds(int count) => Enumerable.Range(0, count).Select(i =>
    {
        var memfd = Memfd.Create("sent", MemfdFlags.CloseOnExec);
        Assert.Equal(Errno.None, FileSpace.TrySetLength(memfd, 4096 + i));
        return memfd;
    }).ToArray();

    static void SendAndClose(SafeFileHandle socket, int count)
    {
        var memfds = Memfds(count);
        Assert.Equal(Errno.None, SocketMessages.TrySend(socket, "x"u8, memfds));
        foreach (var memfd in memfds) memfd.Dispose();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(252)]
    [InlineData(253)]
    public void Descriptors_arrive_in_order_and_exactly_as_many_as_were_sent(int count)
    {
        SendAndClose(_near, count);
        using var received = new ReceivedDescriptors();
        var buffer = new byte[8];
        Assert.Equal(Errno.None, SocketMessages.TryReceive(_far, buffer, received, out var length, out var truncated));
        Assert.Equal((1, false, false, count), (length, truncated, received.Truncated, received.Count));
        for (var i = 0; i < count; i++)
        {
            using var memfd = received.Take(i);
            Assert.Equal(4096 + i, FileStatus.Of(memfd).Length);
            Assert.True(DescriptorFlags.GetCloseOnExec(memfd));
        }

        Assert.Equal(0, OpenDescriptors.Count(Mark));
    }

    [Fact]
    public void More_than_253_are_refused_before_anything_is_sent()
    {
        var memfds = Memfds(254);
        Assert.Equal(Errno.EINVAL, SocketMessages.TrySend(_near, "x"u8, memfds));
        foreach (var memfd in memfds) memfd.Dispose();
        using var received = new ReceivedDescriptors();
        Assert.Equal(Errno.EAGAIN, SocketMessages.TryReceive(_far, new byte[8], received, out _, out _, MessageFlags.DontWait));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void What_is_above_the_capacity_is_dropped_and_told(int capacity)
    {
        SendAndClose(_near, 5);
        using var received = new ReceivedDescriptors(capacity);
        Assert.Equal(Errno.None, SocketMessages.TryReceive(_far, new byte[8], received, out _, out _));
        Assert.True(received.Truncated);
        Assert.Equal(capacity, received.Count);
        Assert.Equal(capacity, OpenDescriptors.Count(Mark));
    }

    [Fact]
    public void A_capacity_that_is_just_filled_is_no_truncation()
    {
        SendAndClose(_near, 1);
        using var received = new ReceivedDescriptors(1);
        Assert.Equal(Errno.None, SocketMessages.TryReceive(_far, new byte[8], received, out _, out _));
        Assert.Equal((1, false), (received.Count, received.Truncated));
    }

    [Fact]
    public void What_is_not_taken_is_closed_by_the_next_receive()
    {
        SendAndClose(_near, 3);
        Assert.Equal(Errno.None, SocketMessages.TrySend(_near, "y"u8));
        using var received = new ReceivedDescriptors();
        Assert.Equal(Errno.None, SocketMessages.TryReceive(_far, new byte[8], received, out _, out _));
        using (received.Take(1)) Assert.Throws<InvalidOperationException>(() => received.Take(1));
        Assert.Equal(2, OpenDescriptors.Count(Mark));
        Assert.Equal(Errno.None, SocketMessages.TryReceive(_far, new byte[8], received, out _, out _));
        Assert.Equal(0, received.Count);
        Assert.Throws<ArgumentOutOfRangeException>(() => received.Take(0));
        Assert.Equal(0, OpenDescriptors.Count(Mark));
    }

    [Fact]
    public void What_is_taken_to_a_place_is_the_places_and_stays_where_it_is_when_that_is_full()
    {
        SendAndClose(_near, 2);
        using var place = new ReusableDescriptor();
        using (var received = new ReceivedDescriptors())
        {
            Assert.Equal(Errno.None, SocketMessages.TryReceive(_far, new byte[8], received, out _, out _));
            received.Take(0, place);
            Assert.Throws<InvalidOperationException>(() => received.Take(0));
            Assert.Throws<InvalidOperationException>(() => received.Take(1, place));
            Assert.Throws<ArgumentOutOfRangeException>(() => received.Take(2, place));
            Assert.Equal(2, OpenDescriptors.Count(Mark));
        }

        Assert.Equal(1, OpenDescriptors.Count(Mark));
        place.Clear();
        Assert.Equal(0, OpenDescriptors.Count(Mark));
    }

    [Fact]
    public void A_message_longer_than_the_buffer_is_told_and_the_next_is_whole()
    {
        Assert.Equal(Errno.None, SocketMessages.TrySend(_near, "0123456789"u8));
        Assert.Equal(Errno.None, SocketMessages.TrySend(_near, "ab"u8));
        using var received = new ReceivedDescriptors(0);
        var buffer = new byte[4];
        Assert.Equal(Errno.None, SocketMessages.TryReceive(_far, buffer, received, out var length, out var truncated));
        Assert.Equal((4, true), (length, truncated));
        Assert.Equal("0123"u8, buffer);
        Assert.Equal(Errno.None, SocketMessages.TryReceive(_far, buffer, received, out length, out truncated));
        Assert.Equal((2, false), (length, truncated));
    }

    [Fact]
    public void The_other_end_of_a_closed_pair_reads_the_end_and_cannot_send()
    {
        _near.Dispose();
        using var received = new ReceivedDescriptors(0);
        Assert.Equal(Errno.None, SocketMessages.TryReceive(_far, new byte[4], received, out var length, out _));
        Assert.Equal(0, length);
        Assert.Equal(Errno.EPIPE, SocketMessages.TrySend(_far, "x"u8)); // and no SIGPIPE
    }

    [Fact]
    public void A_full_peer_is_EAGAIN_when_not_waiting()
    {
        var errno = Errno.None;
        for (var i = 0; i < 100_000 && errno == Errno.None; i++) errno = SocketMessages.TrySend(_near, new byte[1024], MessageFlags.DontWait);
        Assert.Equal(Errno.EAGAIN, errno);
    }

    [Fact]
    public async Task Shutting_down_ends_a_blocked_receive()
    {
        using var received = new ReceivedDescriptors(0);
        using var entered = new ManualResetEventSlim();
        var receiving = Task.Factory.StartNew(() =>
        {
            entered.Set();
            var errno = SocketMessages.TryReceive(_far, new byte[4], received, out var length, out _);
            return (errno, length);
        }, TaskCreationOptions.LongRunning);
        entered.Wait();
        Assert.Equal(Errno.None, SeqpacketSocket.TryShutdown(_near));
        Assert.Equal((Errno.None, 0), await receiving.WaitAsync(TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public void A_descriptor_that_was_lent_is_closed_with_the_message_and_one_that_was_taken_is_not()
    {
        using var received = new ReceivedDescriptors();
        using var memfd = Memfd.Create("sent", MemfdFlags.CloseOnExec);
        var buffer = new byte[64];
        SocketMessages.TrySend(_near, buffer, memfd);
        SocketMessages.TryReceive(_far, buffer, received, out _, out _);
        var lent = received.Lend(0);
        Assert.Equal(FileStatus.Of(memfd).Inode, FileStatus.Of(lent).Inode);
        using var taken = received.Take(0);
        Assert.Throws<InvalidOperationException>(() => received.Lend(0));
        received.Dispose();
        Assert.True(lent.IsInvalid);
        Assert.Equal(FileStatus.Of(memfd).Inode, FileStatus.Of(taken).Inode);
    }

    [Fact]
    public void Messages_allocate_nothing_but_the_handles_that_are_taken()
    {
        using var received = new ReceivedDescriptors();
        using var memfd = Memfd.Create("sent", MemfdFlags.CloseOnExec);
        var buffer = new byte[64];
        long Measure(bool withDescriptor, bool taking = false)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 100; i++)
            {
                if (withDescriptor) SocketMessages.TrySend(_near, buffer, memfd);
                else SocketMessages.TrySend(_near, buffer);
                SocketMessages.TryReceive(_far, buffer, received, out _, out _);
                if (taking) received.Take(0).Dispose();
                else if (withDescriptor) FileSeals.TryGet(received.Lend(0), out _);
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Measure(true, taking: true);
        Measure(true);
        Measure(false);
        Assert.Equal(0, Measure(false));
        Assert.Equal(0, Measure(true));
        Assert.InRange(Measure(true, taking: true), 1, 100 * 100); // a handle a message: the measurement does see allocations
        received.Dispose();
    }

    [Fact]
    public void A_disposed_descriptor_among_several_sends_nothing_and_releases_the_others()
    {
        var memfds = Memfds(3);
        memfds[2].Dispose();
        Assert.Throws<ObjectDisposedException>(() => SocketMessages.TrySend(_near, "x"u8, memfds));
        memfds[0].Dispose();
        memfds[1].Dispose();
        Assert.Equal(0, OpenDescriptors.Count(Mark));
    }
}

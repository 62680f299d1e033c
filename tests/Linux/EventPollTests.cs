using System.Runtime.InteropServices;
using DmaHeap.Linux;

namespace DmaHeap.Tests.Linux;

public sealed class EventPollTests
{
    [Fact]
    public void A_signal_wakes_with_its_data_until_it_is_drained()
    {
        using var poll = new EventPoll();
        using var first = new EventSignal();
        using var second = new EventSignal();
        Assert.Equal(Errno.None, poll.TryAdd(first.Handle, ReadyEvents.Readable, 0x1122_3344_5566_7788));
        Assert.Equal(Errno.None, poll.TryAdd(second.Handle, ReadyEvents.Readable, ulong.MaxValue));
        Assert.Equal(Errno.EEXIST, poll.TryAdd(second.Handle, ReadyEvents.Readable, 1));
        var ready = new ReadyDescriptor[4];
        Assert.Equal(0, poll.Wait(ready, 0));
        first.Signal();
        first.Signal();
        second.Signal();
        var count = poll.Wait(ready, 1000);
        Assert.Equal(
            [new(ReadyEvents.Readable, 0x1122_3344_5566_7788), new(ReadyEvents.Readable, ulong.MaxValue)],
            ready[..count].OrderBy(entry => entry.Data));
        Assert.Equal(2ul, first.Drain());
        Assert.Equal(0ul, first.Drain());
        Assert.Equal(Errno.None, poll.TryModify(second.Handle, ReadyEvents.Writable, 5));
        Assert.Equal(1, poll.Wait(ready, 1000));
        Assert.Equal(new ReadyDescriptor(ReadyEvents.Writable, 5), ready[0]);
        Assert.Equal(Errno.None, poll.TryRemove(second.Handle));
        Assert.Equal(Errno.ENOENT, poll.TryRemove(second.Handle));
        Assert.Equal(0, poll.Wait(ready, 0));
    }

    [Fact]
    public void A_peer_that_closes_is_told()
    {
        using var poll = new EventPoll();
        var (near, far) = SeqpacketSocket.CreatePair();
        using var _ = near;
        Assert.Equal(Errno.None, poll.TryAdd(near, ReadyEvents.Readable | ReadyEvents.PeerClosed, 9));
        far.Dispose();
        var ready = new ReadyDescriptor[1];
        Assert.Equal(1, poll.Wait(ready, 1000));
        Assert.True(ready[0].Events.HasFlag(ReadyEvents.PeerClosed | ReadyEvents.HangUp));
    }

    [Fact]
    public void Refusals_are_answers()
    {
        using var poll = new EventPoll();
        using var memfd = Memfd.Create("test", MemfdFlags.CloseOnExec);
        Assert.Equal(Errno.EPERM, poll.TryAdd(memfd, ReadyEvents.Readable, 0));
        Assert.Equal(Errno.EINVAL, Assert.Throws<LinuxException>(() => poll.Wait([], 0)).Errno);
    }

    [Theory]
    [InlineData(Architecture.X64, 12, 4)]
    [InlineData(Architecture.Arm64, 16, 8)]
    public void Both_layouts_read_what_they_wrote(Architecture architecture, int size, int offset)
    {
        var layout = EventPollLayout.For(architecture);
        Assert.Equal((size, offset), (layout.Size, layout.DataOffset));
        var raw = new byte[EventPollLayout.MaxSize];
        layout.Write(raw, ReadyEvents.EdgeTriggered, ulong.MaxValue - 1);
        Assert.Equal(new ReadyDescriptor(ReadyEvents.EdgeTriggered, ulong.MaxValue - 1), layout.Read(raw));
    }
}

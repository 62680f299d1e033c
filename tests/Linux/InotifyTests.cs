using System.Diagnostics;
using System.Text;
using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Tests.Linux;

[Collection(ExclusiveCollection.Name)]
public sealed class InotifyTests
{
    static SafeFileHandle Sized()
    {
        var memfd = Memfd.Create("watched", MemfdFlags.CloseOnExec);
        Assert.Equal(Errno.None, FileSpace.TrySetLength(memfd, 4096));
        return memfd;
    }

    static List<InotifyEvent> Waiting(InotifyQueue queue)
    {
        Span<byte> buffer = stackalloc byte[InotifyQueue.MinBufferLength];
        var events = new List<InotifyEvent>();
        Errno errno;
        while ((errno = queue.TryRead(buffer, out var length)) == Errno.None)
            foreach (var happened in new InotifyEvents(buffer[..length])) events.Add(happened);
        Assert.Equal(Errno.EAGAIN, errno);
        return events;
    }

    /// <summary>The last reference is dropped by work the kernel defers to the return from the syscall, or to another thread: wait for it.</summary>
    static List<InotifyEvent> WaitFor(InotifyQueue queue, int count)
    {
        using var poll = new EventPoll();
        Assert.Equal(Errno.None, poll.TryAdd(queue.Handle, ReadyEvents.Readable, 0));
        var events = new List<InotifyEvent>();
        var clock = Stopwatch.StartNew();
        Span<ReadyDescriptor> ready = stackalloc ReadyDescriptor[1];
        while (events.Count < count && clock.Elapsed < TimeSpan.FromSeconds(10))
        {
            poll.Wait(ready, 100);
            events.AddRange(Waiting(queue));
        }

        return events;
    }

    [Fact]
    public void The_end_is_told_once_after_the_last_mapping_and_not_before()
    {
        using var queue = new InotifyQueue();
        var memfd = Sized();
        Assert.Equal(Errno.None, queue.TryWatch(memfd, InotifyMask.DeleteSelf, out var watch));
        Assert.Equal(Errno.None, DescriptorReopen.TryOpen(memfd, FileAccessMode.ReadOnly, true, out var reopened));
        var mapping = MemoryMapping.Map(memfd, 0, 4096, MapProtection.Read);
        memfd.Dispose();
        Assert.Empty(Waiting(queue));
        reopened.Dispose();
        Assert.Empty(Waiting(queue));
        mapping.Dispose();
        Assert.Equal([new(watch, InotifyMask.DeleteSelf), new(watch, InotifyMask.Ignored)], WaitFor(queue, 2));
        Assert.Equal(Errno.EINVAL, queue.TryRemove(watch));
    }

    [Fact]
    public void The_same_file_has_the_same_number_by_any_descriptor()
    {
        using var queue = new InotifyQueue();
        using var memfd = Sized();
        using var other = Sized();
        Assert.Equal(Errno.None, queue.TryWatch(memfd, InotifyMask.DeleteSelf, out var watch));
        Assert.Equal(Errno.None, DescriptorReopen.TryOpen(memfd, FileAccessMode.IoctlOnly, true, out var reopened));
        using var _ = reopened;
        Assert.Equal(Errno.None, queue.TryWatch(reopened, InotifyMask.DeleteSelf | InotifyMask.MaskAdd, out var again));
        Assert.Equal(Errno.None, queue.TryWatch(other, InotifyMask.DeleteSelf | InotifyMask.MaskAdd, out var different));
        Assert.Equal(watch, again);
        Assert.NotEqual(watch, different);
        Assert.Equal(Errno.EEXIST, queue.TryWatch(reopened, InotifyMask.DeleteSelf | InotifyMask.MaskCreate, out var refused));
        Assert.Equal(-1, refused);
        Assert.Equal(Errno.None, queue.TryRemove(different));
        Assert.Equal([new(different, InotifyMask.Ignored)], WaitFor(queue, 1));
    }

    [Fact]
    public void A_sweep_finds_exactly_the_live_watches_after_the_queue_overflowed()
    {
        var limits = InotifyLimits.Read();
        // Two events a file: enough to overflow. Kept in mappings-free memfds, in batches, for the descriptor limit is small.
        var deaths = limits.MaxQueuedEvents / 2 + 100;
        if (deaths > 50_000 || limits.MaxUserWatches < 1000) Assert.Skip("The queue is too long to overflow here, or watches too few.");
        using var queue = new InotifyQueue();
        var living = Enumerable.Range(0, 300).Select(_ => Sized()).ToList();
        try
        {
            var expected = new HashSet<int>();
            foreach (var memfd in living)
            {
                Assert.Equal(Errno.None, queue.TryWatch(memfd, InotifyMask.DeleteSelf, out var watch));
                expected.Add(watch);
            }

            for (var i = 0; i < deaths; i++)
            {
                using var memfd = Memfd.Create("dies", MemfdFlags.CloseOnExec);
                Assert.Equal(Errno.None, queue.TryWatch(memfd, InotifyMask.DeleteSelf, out _));
            }

            var live = new HashSet<int>();
            queue.CopyLiveWatches(live);
            Assert.Equal(expected, live);
            Assert.Contains(WaitFor(queue, limits.MaxQueuedEvents + 1), happened => happened == new InotifyEvent(-1, InotifyMask.QueueOverflow));
        }
        finally
        {
            living.ForEach(memfd => memfd.Dispose());
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100_000)]
    public void Fdinfo_is_read_in_pieces_of_any_size(int piece)
    {
        var text = new StringBuilder("pos:\t0\nflags:\t02004000\nmnt_id:\t15\n");
        for (var watch = 1; watch <= 2000; watch++) text.Append($"inotify wd:{watch:x} ino:40b sdev:1 mask:400 ignored_mask:0 fhandle-bytes:c fhandle-type:1 f_handle:0\n");
        var found = new HashSet<int>();
        InotifyFdinfo.CopyWatches(new PieceStream(Encoding.ASCII.GetBytes(text.ToString()), piece), found);
        Assert.Equal(Enumerable.Range(1, 2000).ToHashSet(), found);
    }

    sealed class PieceStream(byte[] content, int piece) : MemoryStream(content)
    {
        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, piece));
    }
}

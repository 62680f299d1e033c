using System.Runtime.InteropServices;
using DmaHeap.Client;
using DmaHeap.Hosting;
using DmaHeap.Hosting.Configuration;
using DmaHeap.Hosting.Memory.Recycling;
using DmaHeap.Hosting.Reclaim;
using DmaHeap.Linux;
using DmaHeap.Protocol;
using DmaHeap.Tests.Support;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Tests.Host;

/// <summary>Buffers that are given back: who gets the file again, with what in it, and who keeps it from that.</summary>
public sealed partial class RecyclingTests : IDisposable
{
    private const int Length = 16 << 10;
    private static readonly TrustDomain s_ours = new(1000, "user:[1]", "/a");

    private readonly TestHost _host = new(options => options with { Heaps = [options.Heaps[0] with { Recycle = HeapRecycling.Domain }] });

    public void Dispose() => _host.Dispose();

    [Fact]
    public void A_client_gets_the_file_it_gave_back_zeroed_and_the_heap_another_buffer()
    {
        using var client = _host.Connect();
        var first = client.Allocate(length: Length);
        var inode = FileStatus.Of(first).Inode;
        RandomAccess.Write(first, [.. Enumerable.Repeat((byte)0x5A, Length)], 0);
        GiveBack(client, first);
        WaitForPieces(1);
        _host.AssertNothingIsHeld();
        Assert.Equal(ReleaseReason.LastReferenceGone, Assert.Single(_host.Heap.Released).Reason);

        using var again = client.Allocate(length: Length);
        Assert.Equal((inode, 1), (FileStatus.Of(again).Inode, Slot.Statistics.Recycled));
        Assert.Equal(new byte[Length], Read(again));
        Assert.Equal(2, _host.Heap.Allocated.Count);
        using var other = client.Allocate(length: Length); // there is one alone
        Assert.NotEqual(inode, FileStatus.Of(other).Inode);
        Assert.Equal((uint)Length, client.Ask(Messages.Describe(client.NextId()), again).As<DescribeReply>().Buffer.Length);
    }

    [Fact]
    public void A_recycled_buffer_looks_like_a_new_one_and_ends_like_one()
    {
        using var client = _host.Connect();
        using (var fresh = client.Allocate(length: Length))
        {
            GiveBack(client, client.Allocate(length: Length));
            WaitForPieces(1);
            using var again = client.Allocate(length: Length);
            Assert.Equal(1, Slot.Statistics.Recycled);
            Assert.Equal(DescriptorFlags.GetStatusFlags(fresh), DescriptorFlags.GetStatusFlags(again));
            Assert.Equal((0, DescriptorName.TryRead(fresh)), (SignalOf(again), DescriptorName.TryRead(again)));
        }

        _host.AssertNothingIsHeld();
        Eventually.True(() => _host.Host.Core.Watches.WatchedInodes().Count == 0, "a watch is left");
    }

    [Theory]
    [InlineData(1001, "user:[1]", "/a")]
    [InlineData(1000, "user:[2]", "/a")]
    [InlineData(1000, "user:[1]", "/b")]
    public void Another_user_namespace_or_group_never_gets_it_nor_may_give_it_back(int user, string userNamespace, string group)
    {
        var others = new TrustDomain((uint)user, userNamespace, group);
        using (var mine = Allocate(s_ours)) Assert.False(Take(mine, others));
        var given = Allocate(s_ours);
        var inode = FileStatus.Of(given.Handle).Inode;
        Assert.True(Take(given, s_ours));
        WaitForPieces(1);
        using (var theirs = Allocate(others)) Assert.NotEqual(inode, FileStatus.Of(theirs.Handle).Inode);
        using (var nobodys = Allocate(null)) Assert.NotEqual(inode, FileStatus.Of(nobodys.Handle).Inode);
        using var ours = Allocate(s_ours);
        Assert.Equal(inode, FileStatus.Of(ours.Handle).Inode);
    }

    [Theory]
    [InlineData("a duplicate")]
    [InlineData("a description of its own")]
    [InlineData("a mapping")]
    [InlineData("a descriptor in flight")]
    public void Whoever_still_has_it_keeps_it(string holding)
    {
        using var client = _host.Connect();
        var buffer = client.Allocate(length: Length);
        var (near, far) = SeqpacketSocket.CreatePair();
        IDisposable? held = null;
        switch (holding)
        {
            case "a duplicate": DescriptorFlags.TryDuplicate(buffer, out var duplicate); held = duplicate; break;
            case "a description of its own": DescriptorReopen.TryOpen(buffer, FileAccessMode.ReadOnly, closeOnExec: true, out var opened); held = opened; break;
            case "a mapping": held = MemoryMapping.Map(buffer, 0, Length, MapProtection.Read); break;
            default: Assert.Equal(Errno.None, SocketMessages.TrySend(near, [1], [buffer], MessageFlags.DontWait)); break;
        }

        GiveBack(client, buffer);
        Eventually.True(() => _host.Log.Any(line => line.StartsWith("401: ", StringComparison.Ordinal) && line.Contains("open or mapped")), "it was not found out");
        Assert.Equal((0, 1, 0), (Slot.Memory!.Recycled.Pieces, _host.Host.LiveBuffers, _host.Heap.Released.Count));
        held?.Dispose();
        near.Dispose();
        far.Dispose();
        _host.AssertNothingIsHeld();
        Assert.Single(_host.Heap.Released);
    }

    [Fact]
    public void A_page_that_a_pipe_holds_keeps_the_old_bytes_and_never_shows_new_ones()
    {
        using var client = _host.Connect();
        var buffer = client.Allocate(length: Length);
        var inode = FileStatus.Of(buffer).Inode;
        RandomAccess.Write(buffer, [.. Enumerable.Repeat((byte)0x5A, Length)], 0);
        using var pipe = new Pipe();
        Assert.Equal(Length, pipe.Splice(buffer, Length));
        GiveBack(client, buffer);
        WaitForPieces(1);
        using var again = client.Allocate(length: Length);
        Assert.Equal(inode, FileStatus.Of(again).Inode);
        Assert.Equal(new byte[Length], Read(again));
        RandomAccess.Write(again, [.. Enumerable.Repeat((byte)0xA5, Length)], 0);
        Assert.Equal(Enumerable.Repeat((byte)0x5A, Length), pipe.Read(Length));
    }

    [Fact]
    public void A_pipe_sees_new_bytes_where_pages_are_not_punched_out()
    {
        // What the test above rests on: the same, with a file that is only overwritten with zeros.
        using var file = Memfd.Create("test", MemfdFlags.CloseOnExec);
        RandomAccess.Write(file, [.. Enumerable.Repeat((byte)0x5A, Length)], 0);
        using var pipe = new Pipe();
        Assert.Equal(Length, pipe.Splice(file, Length));
        RandomAccess.Write(file, new byte[Length], 0);
        RandomAccess.Write(file, [.. Enumerable.Repeat((byte)0xA5, Length)], 0);
        Assert.Equal(Enumerable.Repeat((byte)0xA5, Length), pipe.Read(Length));
    }

    [Fact]
    public void A_file_that_its_user_changed_is_not_used_again()
    {
        using var client = _host.Connect();
        var buffer = client.Allocate(length: Length);
        Assert.Equal(Errno.None, FilePermissions.TrySet(buffer, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead));
        GiveBack(client, buffer);
        Eventually.True(() => _host.Log.Any(line => line.Contains("it is not as it was made")), "it was not found out");
        _host.AssertNothingIsHeld();
        Assert.Equal(0, Slot.Memory!.Recycled.Pieces);
        Eventually.True(() => _host.Host.Core.Watches.WatchedInodes().Count == 0, "a watch is left");
    }

    [Fact]
    public void A_buffer_that_another_host_was_shown_is_not_used_again_and_ends_for_both()
    {
        using var other = new TestHost();
        using var client = _host.Connect();
        using var elsewhere = other.Connect();
        var buffer = client.Allocate(length: Length);
        var adopt = new AdoptRequest { Header = MessageCodec.Header<AdoptRequest>(MessageKind.Adopt, elsewhere.NextId()) };
        Assert.Equal((uint)Length, elsewhere.Ask(adopt, buffer).As<AdoptReply>().Buffer.Length);
        Assert.Equal(1, other.Host.LiveBuffers);

        GiveBack(client, buffer);
        Eventually.True(() => _host.Log.Any(line => line.StartsWith("401: ", StringComparison.Ordinal) && line.Contains("another host")), "it was not found out");
        other.AssertNothingIsHeld();
        _host.AssertNothingIsHeld();
        Assert.Equal((0, 0), (Slot.Memory!.Recycled.Pieces, _host.Host.Core.Watches.WatchedInodes().Count));
    }

    [Fact]
    public void Whoever_reads_alone_gives_nothing_back_nor_does_a_heap_that_does_not_recycle_take_it()
    {
        using var client = _host.Connect();
        GiveBack(client, client.Allocate(length: Length, fileFlags: 0), taken: 0);
        Slot.Redefine(Slot.Definition with { Recycle = HeapRecycling.Never }, Slot.Access);
        GiveBack(client, client.Allocate(length: Length), taken: 0);
        _host.AssertNothingIsHeld();
        Assert.Equal(0, Slot.Memory!.Recycled.Pieces);
    }

    [Fact]
    public void The_client_library_gives_back_and_disposes()
    {
        using var client = DmaHeapClient.Connect(_host.SocketPath);
        var buffer = client.Allocate("plain", Length);
        var inode = FileStatus.Of(buffer.Handle).Inode;
        using (var mapping = buffer.Map()) mapping.Span.Fill(7);
        Assert.True(buffer.GiveBack());
        Assert.True(buffer.Handle.IsClosed);
        WaitForPieces(1);
        using var again = client.Allocate("plain", Length);
        Assert.Equal(inode, FileStatus.Of(again.Handle).Inode);
        using (var mapping = again.Map()) Assert.False(mapping.Span.ContainsAnyExcept((byte)0));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task That_it_was_accepted_decides_nothing_and_statistics_tell_what_became_of_it(bool someoneHasIt)
    {
        using var client = DmaHeapClient.Connect(_host.SocketPath);
        var buffer = client.Allocate("plain", Length);
        DescriptorFlags.TryDuplicate(buffer.Handle, out var duplicate);
        if (!someoneHasIt) duplicate.Dispose();
        Assert.True(buffer.GiveBack());
        if (someoneHasIt) Eventually.True(() => _host.Log.Any(line => line.StartsWith("401: ", StringComparison.Ordinal)), "it was not found out");
        else WaitForPieces(1);
        Assert.Equal(someoneHasIt ? 1 : 0, (await client.StatisticsAsync("plain", TestContext.Current.CancellationToken)).Buffers);
        client.Allocate("plain", Length).Dispose();
        Assert.Equal(someoneHasIt ? 0 : 1, (await client.StatisticsAsync("plain", TestContext.Current.CancellationToken)).Memory.Recycled);
        duplicate.Dispose();
        _host.AssertNothingIsHeld();
    }

    [Fact]
    public void Recycled_memory_is_the_first_to_go_when_memory_is_wanted()
    {
        using var client = _host.Connect();
        GiveBack(client, client.Allocate(length: Length));
        WaitForPieces(1);
        var report = _host.Host.Core.Reclaimer.Take(ReclaimReason.Asked, 1, ReclaimScope.All);
        Assert.Equal(("recycled of plain", Length), (report.Steps[0].Source, report.Given));
        Assert.Equal(0, Slot.Memory!.Recycled.Pieces);
        Eventually.True(() => _host.Host.Core.Watches.WatchedInodes().Count == 0, "a watch is left");
    }

    [Fact]
    public async Task Who_opens_the_file_while_the_host_asks_for_the_lease_ends_nobody()
    {
        using var file = Memfd.Create("test", MemfdFlags.CloseOnExec);
        DescriptorReopen.TryOpen(file, FileAccessMode.ReadWrite, closeOnExec: true, out var own);
        using (own)
        {
            using var stop = new CancellationTokenSource();
            var opening = Task.Run(
                () =>
                {
                    while (!stop.IsCancellationRequested)
                    {
                        DescriptorReopen.TryOpen(file, FileAccessMode.ReadWrite, closeOnExec: true, out var opened);
                        opened.Dispose();
                    }
                },
                TestContext.Current.CancellationToken);
            var (alone, busy) = (0, 0);
            Eventually.True(
                () =>
                {
                    var errno = WriteLease.TryProbe(own);
                    if (errno == Errno.None) alone++;
                    else if (errno == Errno.EAGAIN) busy++;
                    return alone > 20 && busy > 20;
                },
                "the file was never open, or always");
            await stop.CancelAsync();
            await opening;
        }
    }

    private Hosting.Heaps.HeapSlot Slot => _host.Host.Core.Registry.Find("plain");

    private void WaitForPieces(int pieces) =>
        Eventually.True(() => Slot.Memory!.Recycled.Pieces == pieces, $"{Slot.Memory!.Recycled.Pieces} pieces are recycled, not {pieces}: {string.Join('\n', _host.Log)}");

    private static void GiveBack(RawClient client, SafeFileHandle buffer, uint taken = 1)
    {
        using (buffer)
        {
            var request = new GiveBackRequest { Header = MessageCodec.Header<GiveBackRequest>(MessageKind.GiveBack, client.NextId()) };
            Assert.Equal(taken, client.Ask(request, buffer).As<GiveBackReply>().Taken);
        }
    }

    private ExportedBuffer Allocate(TrustDomain? domain) =>
        _host.Host.Allocate(new BufferRequest { Heap = "plain", Length = Length, Caller = TestHost.Us, Domain = new Lazy<TrustDomain?>(() => domain) });

    private bool Take(ExportedBuffer buffer, TrustDomain giver)
    {
        using (buffer)
        {
            DescriptorFlags.TryDuplicate(buffer.Handle, out var shown);
            using (shown) return _host.Host.Core.Recycler.TryTake(_host.Host.Core.Find(shown), shown, giver);
        }
    }

    private static byte[] Read(SafeFileHandle file)
    {
        var bytes = new byte[Length];
        Assert.Equal(Length, RandomAccess.Read(file, bytes, 0));
        return bytes;
    }

    private static int SignalOf(SafeFileHandle file) => fcntl((int)file.DangerousGetHandle(), 11, 0);

    [LibraryImport("libc")]
    private static partial int fcntl(int fd, int command, nint argument);
}

using DmaHeap.Hosting;
using DmaHeap.Hosting.Configuration;
using DmaHeap.Hosting.Memory;
using DmaHeap.Linux;
using DmaHeap.Protocol;
using DmaHeap.Tests.Support;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Tests.Host;

/// <summary>Where the kernel gives whoever writes a huge page for a small one, it reaches beyond the buffer's end.</summary>
[Collection(ExclusiveCollection.Name)]
public sealed class HugePageEndTests
{
    private const long HugePage = 2 << 20;
    private static readonly int s_page = Environment.SystemPageSize;

    [Theory]
    [InlineData("always")]
    [InlineData("force")]
    public void What_the_host_fills_takes_no_more_than_its_length(string all)
    {
        using var policy = new HugePagePolicy(all);
        using (var control = Memfd.Create("test", MemfdFlags.CloseOnExec))
        {
            FileSpace.TrySetLength(control, s_page);
            SkipUnlessHuge(control);
        }

        using var host = new PooledHost(PooledHost.Fixed(s_page, s_page), change: options => options with
        {
            Heaps =
            [
                options.Heaps[0] with { Recycle = HeapRecycling.Domain },
                new() { Name = "committed", Create = context => new DmaHeap.Heaps.SystemHeap(context), Commit = CommitPolicy.Committed },
            ],
        });
        host.WaitFor(1);
        using var client = host.Test.Connect();
        var pooled = client.Allocate();
        Assert.Equal((1, s_page), (host.Statistics.PoolHits, Bytes(pooled)));
        GiveBack(client, pooled);
        WaitForPiece(host);
        using var recycled = client.Allocate();
        using var committed = host.Allocate((ulong)(HugePage + s_page), "committed");
        Assert.Equal((s_page, HugePage + s_page), (Bytes(recycled), Bytes(committed.Handle)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void It_is_looked_for_once_in_a_while_and_held_to_the_length_by_touching_in_between(bool isZeroed)
    {
        const int Many = 1000;
        using var policy = new HugePagePolicy("always");
        var pages = new SmallPages();
        var zeros = new byte[s_page];
        for (var i = 0; i < Many; i++)
        {
            using var file = Memfd.Create("test", MemfdFlags.CloseOnExec);
            FileSpace.TrySetLength(file, s_page);
            Assert.Equal((Errno.None, s_page), (pages.TryFill(file, s_page, isZeroed ? PageFill.Zeroed : PageFill.Taken), Bytes(file)));
            var bytes = new byte[s_page];
            Assert.Equal(s_page, RandomAccess.Read(file, bytes, 0));
            Assert.Equal(zeros, bytes);
        }
    }

    [Fact]
    public void A_buffer_whose_writer_got_a_huge_page_is_recycled_while_a_pipe_holds_that()
    {
        using var policy = new HugePagePolicy("always");
        using var host = new PooledHost(pool: null, change: options => options with { Heaps = [options.Heaps[0] with { Recycle = HeapRecycling.Domain }] });
        using var client = host.Test.Connect();
        var buffer = client.Allocate();
        var inode = FileStatus.Of(buffer).Inode;
        SkipUnlessHuge(buffer);
        RandomAccess.Write(buffer, [.. Enumerable.Repeat((byte)0x5A, s_page)], 0);
        using var pipe = new Pipe();
        Assert.Equal(s_page, pipe.Splice(buffer, s_page));
        GiveBack(client, buffer);
        WaitForPiece(host);

        using var again = client.Allocate();
        Assert.Equal((inode, s_page), (FileStatus.Of(again).Inode, Bytes(again)));
        var bytes = new byte[s_page];
        Assert.Equal(s_page, RandomAccess.Read(again, bytes, 0));
        Assert.False(bytes.AsSpan().ContainsAnyExcept((byte)0));
        RandomAccess.Write(again, [.. Enumerable.Repeat((byte)0xA5, s_page)], 0);
        Assert.Equal(Enumerable.Repeat((byte)0x5A, s_page), pipe.Read(s_page));
    }

    private static void SkipUnlessHuge(SafeFileHandle file)
    {
        Assert.Equal(Errno.None, FileZeros.TryWrite(file, 0, s_page));
        Assert.SkipUnless(Bytes(file) == HugePage, "this kernel gives writers no huge pages beyond a file's end");
    }

    private static void GiveBack(RawClient client, SafeFileHandle buffer)
    {
        using (buffer) client.Ask(new GiveBackRequest { Header = MessageCodec.Header<GiveBackRequest>(MessageKind.GiveBack, client.NextId()) }, buffer).As<GiveBackReply>();
    }

    private static void WaitForPiece(PooledHost host) =>
        Eventually.True(() => host.Slot.Memory!.Recycled.Pieces == 1, $"it is not recycled: {string.Join('\n', host.Test.Log)}");

    private static long Bytes(SafeFileHandle file) => FileStatus.Of(file).Blocks * 512;
}

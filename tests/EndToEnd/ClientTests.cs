using DmaHeap.Client;
using DmaHeap.Linux;
using DmaHeap.Protocol;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.EndToEnd;

/// <summary>The client library against a real host with the shipped plugins.</summary>
public sealed class ClientTests
{
    [Fact]
    public async Task Heaps_and_aliases_are_listed()
    {
        using var served = new ServedHost();
        await using var client = await DmaHeapClient.ConnectAsync(served.Socket);
        var heaps = await client.ListHeapsAsync();
        Assert.Equal(
            ["system", "default_cma_region", "reserved", "linux,cma", "default-pool", "protected,secure"], heaps.Select(heap => heap.Name));
        Assert.Equal("default_cma_region", heaps[2].AliasOf);
        Assert.All(heaps.Where(heap => heap.State == HeapState.Unavailable), heap => Assert.NotEmpty(heap.Reason));
    }

    [Theory]
    [InlineData("system")]
    [InlineData("linux,cma")]
    public async Task What_one_client_writes_another_reads_and_the_release_follows_the_last(string heap)
    {
        using var served = new ServedHost();
        await using var client = await DmaHeapClient.ConnectAsync(served.Socket);
        var buffer = await client.AllocateAsync(heap, 3 << 20, new DmaAllocationOptions { Name = "frame" });
        using (var mapping = buffer.Map())
        {
            Assert.False(mapping.Span.ContainsAnyExcept((byte)0));
            mapping.Span.Fill(0xA5);
        }

        var (ours, theirs) = SeqpacketSocket.CreatePair();
        using (ours)
        using (theirs)
        {
            buffer.Share(ours);
            buffer.Dispose();
            Assert.Equal(1, served.Host.LiveBuffers); // in flight, and alive for that
            using var received = DmaBuffer.Receive(theirs);
            using var mapping = received.Map(FileAccess.Read);
            Assert.False(mapping.ReadOnlySpan.ContainsAnyExcept((byte)0xA5));
            var described = await client.DescribeAsync(received.Handle);
            Assert.Equal(("frame", 3L << 20), (described.Name, described.Length));
        }

        await Eventually.Is(() => served.Host.LiveBuffers == 0);
        var statistics = await client.StatisticsAsync(heap);
        Assert.Equal((1, 0, 3L << 20), ((int)statistics.Allocations, (int)statistics.Buffers, statistics.PeakBytes));
    }

    [Fact]
    public async Task A_fragmented_region_says_so()
    {
        using var served = new ServedHost();
        await using var client = await DmaHeapClient.ConnectAsync(served.Socket);
        using var all = await client.AllocateManyAsync("reserved", 1 << 20, 64);
        Assert.Equal(64, all.Count);
        for (var i = 0; i < 64; i += 2) all[i].Dispose();
        await Eventually.Is(() => served.Host.LiveBuffers == 32);
        var refused = await Assert.ThrowsAsync<DmaHeapException>(() => client.AllocateAsync("reserved", 2 << 20));
        Assert.Equal((Errno.ENOMEM, HeapCause.Fragmented), (refused.Errno, refused.Cause));
        Assert.Contains("32 MiB free", refused.Message);
        Assert.Contains("largest run 1 MiB", refused.Message);
    }

    [Fact]
    public async Task A_secure_buffer_is_neither_mapped_nor_read_nor_written()
    {
        using var served = new ServedHost();
        await using var client = await DmaHeapClient.ConnectAsync(served.Socket);
        var heap = (await client.ListHeapsAsync()).Single(heap => heap.Name == "protected,secure");
        if (heap.State != HeapState.Active) Assert.Skip(heap.Reason);
        using var buffer = await client.AllocateAsync("protected,secure", 1 << 20);
        Assert.True(buffer.Flags.HasFlag(BufferFlags.Opaque | BufferFlags.Secret));
        Assert.Throws<DmaHeapException>(() => buffer.Map());
        Assert.Throws<DmaHeapException>(() => buffer.Map(FileAccess.Read));
        Assert.ThrowsAny<Exception>(() => RandomAccess.Read(buffer.Handle, new byte[1], 0));
        Assert.ThrowsAny<Exception>(() => RandomAccess.Write(buffer.Handle, new byte[1], 0));
        Assert.Equal(1 << 20, (await client.DescribeAsync(buffer.Handle)).Length);
    }

    [Fact]
    public async Task Live_buffers_are_listed_with_who_holds_them()
    {
        using var served = new ServedHost();
        await using var client = await DmaHeapClient.ConnectAsync(served.Socket);
        using var buffers = await client.AllocateManyAsync("system", 4096, 253);
        using var more = await client.AllocateManyAsync("system", 4096, 200, options: new DmaAllocationOptions { Name = "more" });
        var listed = await client.ListBuffersAsync();
        Assert.Equal(453, listed.Count);
        Assert.Equal(200, listed.Count(buffer => buffer.Name == "more"));
        Assert.All(listed, buffer => Assert.Equal(Environment.ProcessId, buffer.ProcessId));
        Assert.Equal(buffers.Concat(more).Select(buffer => buffer.Id!.Value), listed.Select(buffer => buffer.Id));
    }
}

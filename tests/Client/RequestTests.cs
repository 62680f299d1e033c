using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DmaHeap.Client;
using DmaHeap.Linux;
using DmaHeap.Protocol;

namespace DmaHeap.Tests.Client;

public sealed class RequestTests
{
    [Fact]
    public async Task An_error_reply_carries_errno_cause_and_sentence_and_the_connection_goes_on()
    {
        using var host = FakeHost.PlayAfterHello(
            h =>
            {
                h.Error(h.Expect(MessageKind.Allocate).Header.RequestId, Errno.ENOMEM, "fragmented", "6.0 MiB free, largest run 512 KiB");
                h.Error(h.Expect(MessageKind.Allocate).Header.RequestId, (Errno)4001, "own", "An errno without a name.");
                h.Reply(h.Expect(MessageKind.Statistics), new StatisticsReply { Buffers = 3 });
            },
            out var socket);
        using var client = DmaHeapClient.Attach(socket);

        var thrown = Assert.Throws<DmaHeapException>(() => client.Allocate("system", 1 << 20));
        var unnamed = await Assert.ThrowsAsync<DmaHeapException>(() => client.AllocateAsync("system", 1));
        var statistics = await client.StatisticsAsync().WaitAsync(FakeHost.Deadline);

        Assert.Equal((Errno.ENOMEM, "fragmented"), (thrown.Errno, thrown.Cause));
        Assert.Equal("6.0 MiB free, largest run 512 KiB (ENOMEM, fragmented)", thrown.Message);
        Assert.Equal(4001, (int)unnamed.Errno);
        Assert.Equal(3, statistics.Buffers);
        Assert.Null(statistics.Gauge);
    }

    [Fact]
    public async Task Replies_in_any_order_find_their_requests()
    {
        const int Requests = 20;
        using var host = FakeHost.PlayAfterHello(
            h =>
            {
                var received = Enumerable.Range(0, Requests).Select(_ => h.Expect(MessageKind.Statistics)).Reverse().ToArray();
                foreach (var request in received)
                    h.Reply(request, new StatisticsReply { Buffers = ulong.Parse(FakeHost.Text(request.As<StatisticsRequest>().Heap)) });
            },
            out var socket);
        using var client = DmaHeapClient.Attach(socket);

        var asked = Enumerable.Range(0, Requests).Select(i => client.StatisticsAsync(i.ToString())).ToArray();
        var answers = await Task.WhenAll(asked).WaitAsync(FakeHost.Deadline);

        Assert.Equal(Enumerable.Range(0, Requests).Select(i => (long)i), answers.Select(a => a.Buffers));
    }

    [Fact]
    public void Events_are_ignored_and_their_descriptors_closed()
    {
        var mark = Descriptors.NewMark();
        using var host = FakeHost.PlayAfterHello(
            h =>
            {
                var request = h.Expect(MessageKind.Describe);
                using var memory = FakeHost.Memory(mark, 4096);
                h.Send(FakeHost.Packet(MessageKind.FirstEvent, 0, default(DoneReply), new byte[100]), memory, memory);
                h.Send(FakeHost.Packet((MessageKind)0x7FFF, 0, default(DoneReply), [1, 2, 3]));
                h.Reply(request, new DescribeReply { Buffer = new BufferEntry { Length = 77 } });
            },
            out var socket);
        using var client = DmaHeapClient.Attach(socket);
        using var shown = FakeHost.Memory(Descriptors.NewMark(), 4096);

        Assert.Equal(77, client.Describe(shown).Length);
        host.Dispose();
        Assert.Equal(0, Descriptors.Count(mark));
    }

    [Fact]
    public async Task Lists_are_read_page_by_page_and_longer_entries_by_their_beginning()
    {
        using var host = FakeHost.PlayAfterHello(
            h =>
            {
                var first = h.Expect(MessageKind.ListHeaps);
                Assert.Equal(0u, first.As<ListHeapsRequest>().Start);
                h.Send(List(first, more: 1, extra: 0, Heap("system"), Heap("cma")));
                var second = h.Expect(MessageKind.ListHeaps);
                Assert.Equal(2u, second.As<ListHeapsRequest>().Start);
                h.Send(List(second, more: 0, extra: 24, Heap("secure"), Heap("reserved")));

                var buffers = h.Expect(MessageKind.ListBuffers);
                Assert.Equal("cma", FakeHost.Text(buffers.As<ListBuffersRequest>().Heap));
                h.Send(List(buffers, more: 1, extra: 0, new BufferEntry { Id = new BufferId(1, 5), Length = 1 }));
                var rest = h.Expect(MessageKind.ListBuffers);
                Assert.Equal(5ul, rest.As<ListBuffersRequest>().After);
                h.Send(List(rest, more: 0, extra: 8, new BufferEntry { Id = new BufferId(1, 9), AgeNanoseconds = 1_000_000 }));
            },
            out var socket);
        using var client = DmaHeapClient.Attach(socket);

        var heaps = await client.ListHeapsAsync().WaitAsync(FakeHost.Deadline);
        var buffers = await client.ListBuffersAsync("cma").WaitAsync(FakeHost.Deadline);

        Assert.Equal(["system", "cma", "secure", "reserved"], heaps.Select(heap => heap.Name));
        Assert.Equal(HeapTraits.CpuMappable | HeapTraits.ZeroFilled, heaps[0].Traits);
        Assert.Equal([5, 9], buffers.Select(buffer => buffer.Id.Sequence));
        Assert.Equal(TimeSpan.FromMilliseconds(1), buffers[1].Age);
    }

    [Fact]
    public async Task Naming_and_describing_show_the_descriptor()
    {
        using var memory = FakeHost.Memory(Descriptors.NewMark(), 4096);
        var inode = FileStatus.Of(memory).Inode;
        using var host = FakeHost.PlayAfterHello(
            h =>
            {
                var naming = h.Expect(MessageKind.SetName);
                using var shown = Assert.Single(naming.Shown);
                Assert.Equal(inode, FileStatus.Of(shown).Inode);
                Assert.Equal("frame 7", FakeHost.Text(naming.As<SetNameRequest>().Name));
                h.Reply(naming, default(DoneReply));
                var describing = h.Expect(MessageKind.Describe);
                using var again = Assert.Single(describing.Shown);
                var entry = new BufferEntry { Id = new BufferId(1, 2), Length = 4096, UserId = 1000, Flags = BufferFlags.Contiguous };
                TextField.Write(entry.Heap, "system");
                h.Reply(describing, new DescribeReply { Buffer = entry });
            },
            out var socket);
        using var client = DmaHeapClient.Attach(socket);

        await client.SetNameAsync(memory, "frame 7").WaitAsync(FakeHost.Deadline);
        var info = await client.DescribeAsync(memory).WaitAsync(FakeHost.Deadline);

        Assert.Equal((new BufferId(1, 2), 4096L, 1000u, "system"), (info.Id, info.Length, info.UserId, info.Heap));
        Assert.False(memory.IsClosed);
    }

    [Fact]
    public async Task Statistics_name_the_causes_of_failures()
    {
        using var host = FakeHost.PlayAfterHello(
            h =>
            {
                var request = h.Expect(MessageKind.Statistics);
                var causes = new CauseEntry[2];
                TextField.Write(causes[0].Cause, "exhausted");
                TextField.Write(causes[1].Cause, "heap-limit");
                (causes[0].Count, causes[1].Count) = (3, 4);
                var reply = new StatisticsReply { HasGauges = 1, Capacity = 64, Free = 32, LargestRun = 16, CauseCount = 2, PoolBytes = 5, HostPaidBytes = 6, Recycled = 7 };
                h.Send(FakeHost.Packet(MessageKind.Statistics | MessageKind.ReplyBit, request.Header.RequestId, reply, MemoryMarshal.AsBytes<CauseEntry>(causes)));
            },
            out var socket);
        using var client = DmaHeapClient.Attach(socket);

        var statistics = await client.StatisticsAsync("cma").WaitAsync(FakeHost.Deadline);

        Assert.Equal(new HeapGauge(64, 32, 16), statistics.Gauge);
        Assert.Equal(3, statistics.FailuresByCause["exhausted"]);
        Assert.Equal(4, statistics.FailuresByCause["heap-limit"]);
        Assert.Equal(new HeapMemoryStatistics { PoolBytes = 5, HostPaidBytes = 6, Recycled = 7 }, statistics.Memory);
    }

    [Fact]
    public void Text_that_does_not_fit_its_field_is_refused_unsent()
    {
        using var host = FakeHost.PlayAfterHello(h => h.ExpectEnd(), out var socket);
        using var client = DmaHeapClient.Attach(socket);
        using var memory = FakeHost.Memory(Descriptors.NewMark(), 4096);

        var longName = Assert.Throws<DmaHeapException>(() => client.SetName(memory, new string('x', 32)));
        var nul = Assert.Throws<DmaHeapException>(() => client.Allocate("a\0b", 1));

        Assert.Equal((Errno.EINVAL, ClientCause.BadName), (longName.Errno, longName.Cause));
        Assert.Equal(Errno.EINVAL, nul.Errno);
        client.Dispose();
    }

    static HeapEntry Heap(string name)
    {
        var entry = new HeapEntry { State = HeapState.Active, Capabilities = 3 };
        TextField.Write(entry.Name, name);
        return entry;
    }

    static byte[] List<TEntry>(Received request, uint more, int extra, params TEntry[] entries)
        where TEntry : unmanaged
    {
        var size = Unsafe.SizeOf<TEntry>() + extra;
        var bytes = new byte[size * entries.Length];
        Array.Fill(bytes, (byte)0xEE);
        for (var i = 0; i < entries.Length; i++) MemoryMarshal.Write(bytes.AsSpan(i * size), entries[i]);
        var head = new ListReply { Count = (uint)entries.Length, EntrySize = (uint)size, More = more };
        return FakeHost.Packet(request.Header.Kind | MessageKind.ReplyBit, request.Header.RequestId, head, bytes);
    }
}

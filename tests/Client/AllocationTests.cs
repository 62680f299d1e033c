using DmaHeap.Client;
using DmaHeap.Linux;
using DmaHeap.Protocol;

namespace DmaHeap.Tests.Client;

public sealed class AllocationTests
{
    readonly string _mark = Descriptors.NewMark();

    [Fact]
    public async Task A_buffer_is_mapped_written_and_read_and_leaves_nothing_behind()
    {
        using var host = FakeHost.PlayAfterHello(
            h =>
            {
                var request = h.Expect(MessageKind.Allocate);
                var asked = request.As<AllocateRequest>();
                Assert.Equal(("system", "frame"), (FakeHost.Text(asked.Heap), FakeHost.Text(asked.Name)));
                Assert.Equal((5000ul, 0x80002u, 1u, 7u), (asked.Length, asked.FileFlags, asked.Count, asked.ExpectedImporters));
                h.AllocateMemory(request, _mark);
            },
            out var socket);
        using var client = DmaHeapClient.Attach(socket);

        using (var buffer = await client.AllocateAsync("system", 5000, new() { Name = "frame", ExpectedImporters = 7 }).WaitAsync(FakeHost.Deadline))
        {
            Assert.Equal((8192L, new BufferId(FakeHost.Epoch, 1)), (buffer.Length, buffer.Id));
            Assert.True(DescriptorFlags.GetCloseOnExec(buffer.Handle));
            using var mapping = buffer.Map();
            using var tail = buffer.Map(4096, 4096, FileAccess.Read);
            mapping.Span[4096] = 42;
            Assert.Equal(42, tail.ReadOnlySpan[0]);
            Assert.Throws<InvalidOperationException>(() => tail.Span[0] = 1);
            Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Map(4096, 4097));
            using (buffer.BeginCpuAccess(CpuAccessDirection.Write)) mapping.Span[0] = 1; // no hooks: the host hears nothing
        }

        host.Dispose();
        Assert.Equal(0, Descriptors.Count(_mark));
    }

    [Fact]
    public void A_leak_would_be_seen()
    {
        using (FakeHost.Memory(_mark, 4096)) Assert.Equal(1, Descriptors.Count(_mark));

        Assert.Equal(0, Descriptors.Count(_mark));
    }

    [Fact]
    public void A_long_mapping_starts_at_a_huge_page()
    {
        using var buffer = DmaBuffer.FromHandle(FakeHost.Memory(_mark, 8 << 20));
        using var mapping = buffer.Map();

        Assert.Equal(0, mapping.Address % (2 << 20));
    }

    [Fact]
    public void A_buffer_too_long_for_a_span_is_read_in_slices()
    {
        const long Length = 3L << 30;
        using var buffer = DmaBuffer.FromHandle(FakeHost.Memory(_mark, Length));
        using var mapping = buffer.Map();

        Assert.Throws<InvalidOperationException>(() => mapping.Span.Length);
        mapping.Slice(Length - 4096, 4096)[4095] = 9;
        using var part = buffer.Map(Length - 4096, 4096);
        Assert.Equal(9, part.Span[4095]);
    }

    [Fact]
    public void Exec_keeps_the_descriptor_only_when_asked_to()
    {
        using var host = FakeHost.PlayAfterHello(
            h =>
            {
                var request = h.Expect(MessageKind.Allocate);
                Assert.Equal(0u, request.As<AllocateRequest>().FileFlags);
                h.AllocateMemory(request, _mark);
            },
            out var socket);
        using var client = DmaHeapClient.Attach(socket);

        using var buffer = client.Allocate("system", 4096, new() { CloseOnExec = false, Access = FileAccessMode.ReadOnly });

        Assert.False(DescriptorFlags.GetCloseOnExec(buffer.Handle));
    }

    [Fact]
    public async Task Many_buffers_come_in_one_reply()
    {
        using var host = FakeHost.PlayAfterHello(
            h =>
            {
                h.AllocateBatch(h.Expect(MessageKind.AllocateBatch), _mark);
                var request = h.Expect(MessageKind.AllocateBatch);
                Assert.Equal(AllocateOptions.AsManyAsFit, request.Batch().Options);
                h.AllocateBatch(request, _mark, count: 5, stoppedBy: Errno.ENOMEM);
            },
            out var socket);
        using var client = DmaHeapClient.Attach(socket);

        using (var all = await client.AllocateManyAsync("system", 4096, 253).WaitAsync(FakeHost.Deadline))
        {
            Assert.Equal((253, Errno.None), (all.Count, all.StoppedBy));
            Assert.Equal(253, all.Select(buffer => buffer.Id).Distinct().Count());
        }

        using (var some = client.AllocateMany("system", 4096, 10, asManyAsFit: true)) Assert.Equal((5, Errno.ENOMEM), (some.Count, some.StoppedBy));
        Assert.Throws<ArgumentOutOfRangeException>(() => client.AllocateMany("system", 4096, 254));
        host.Dispose();
        Assert.Equal(0, Descriptors.Count(_mark));
    }

    [Fact]
    public async Task Buffers_of_several_sizes_are_asked_for_in_one_request_and_each_has_its_own_facts()
    {
        using var host = FakeHost.PlayAfterHello(
            h =>
            {
                var request = h.Expect(MessageKind.AllocateBatch);
                Assert.Equal(("system", "ring", 3u, 7u), (FakeHost.Text(request.Batch().Heap), FakeHost.Text(request.Batch().Name), request.Batch().SizeCount, request.Batch().ExpectedImporters));
                Assert.Equal([4096, 2 << 20, 2 << 20, 4096], request.Lengths());
                h.AllocateBatch(request, _mark);
                h.AllocateBatch(h.Expect(MessageKind.AllocateBatch), _mark, count: 2, stoppedBy: Errno.ENOMEM);
            },
            out var socket);
        using var client = DmaHeapClient.Attach(socket);

        using (var batch = await client.AllocateBatchAsync("system", [4096, 2 << 20, 2 << 20, 4096], options: new() { Name = "ring", ExpectedImporters = 7 }).WaitAsync(FakeHost.Deadline))
        {
            Assert.Equal([4096L, 2 << 20, 2 << 20, 4096], batch.Select(buffer => buffer.Length));
            Assert.Equal([4096L, 2 << 20, 2 << 20, 4096], batch.Select(buffer => FileStatus.Of(buffer.Handle).Length));
        }

        using (var some = client.AllocateBatch("system", [4096, 8192, 12288], asManyAsFit: true)) Assert.Equal((2, Errno.ENOMEM), (some.Count, some.StoppedBy));
        Assert.Throws<ArgumentOutOfRangeException>(() => client.AllocateBatch("system", []));
        Assert.Throws<ArgumentOutOfRangeException>(() => client.AllocateBatch("system", [4096, -1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => client.AllocateBatch("system", new long[254]));
        host.Dispose();
        Assert.Equal(0, Descriptors.Count(_mark));
    }

    [Theory]
    [InlineData("nothing wrong")]
    [InlineData("more buffers than asked for")]
    [InlineData("no buffers")]
    [InlineData("entries that are too short")]
    [InlineData("entries that are not there")]
    [InlineData("a missing descriptor")]
    [InlineData("a non-zero tail")]
    [InlineData("a buffer of no bytes")]
    public void A_batch_that_makes_no_sense_costs_the_connection_and_leaves_nothing(string what)
    {
        using var host = FakeHost.PlayAfterHello(
            h =>
            {
                var request = h.Expect(MessageKind.AllocateBatch);
                var reply = new AllocateBatchReply { Count = 2, EntrySize = 40 }; // a later host's entries are longer
                var entry = new BatchBuffer { Id = new BufferId(1, 1), Length = 4096, PageSize = 4096 };
                byte[] entries = [.. MessageCodec.Bytes(in entry), 1, 2, 3, 4, 5, 6, 7, 8, .. MessageCodec.Bytes(in entry), 1, 2, 3, 4, 5, 6, 7, 8];
                using var memory = FakeHost.Memory(_mark, 4096);
                Microsoft.Win32.SafeHandles.SafeFileHandle[] sent = [memory, memory];
                switch (what)
                {
                    case "more buffers than asked for": (reply.Count, sent) = (3, [memory, memory, memory]); break;
                    case "no buffers": (reply.Count, sent) = (0, []); break;
                    case "entries that are too short": reply.EntrySize = 31; break;
                    case "entries that are not there": reply.EntrySize = uint.MaxValue; break;
                    case "a missing descriptor": sent = [memory]; break;
                    case "a non-zero tail": entries = [.. entries, 1]; break;
                    case "a buffer of no bytes": entries.AsSpan(40 + 16, 8).Clear(); break;
                }

                h.Send(FakeHost.Packet(MessageKind.AllocateBatch | MessageKind.ReplyBit, request.Header.RequestId, reply, entries), sent);
            },
            out var socket);
        using var client = DmaHeapClient.Attach(socket);

        if (what == "nothing wrong")
        {
            using var batch = client.AllocateBatch("system", [4096, 4096]);
            Assert.Equal(2, batch.Count);
        }
        else
        {
            Assert.Equal(ClientCause.BadReply, Assert.Throws<DmaHeapException>(() => client.AllocateBatch("system", [4096, 4096])).Cause);
        }

        host.Dispose();
        Assert.Equal(0, Descriptors.Count(_mark));
    }

    [Fact]
    public void Cpu_access_is_told_to_a_heap_that_wants_to_know()
    {
        var heard = new List<ulong>();
        using var host = FakeHost.PlayAfterHello(
            h =>
            {
                h.AllocateMemory(h.Expect(MessageKind.Allocate), _mark, flags: BufferFlags.CpuAccessHooks);
                for (var i = 0; i < 2; i++)
                {
                    var request = h.Expect(MessageKind.CpuAccess);
                    using var shown = Assert.Single(request.Shown);
                    heard.Add(request.As<CpuAccessRequest>().SyncFlags);
                    h.Reply(request, default(DoneReply));
                }
            },
            out var socket);
        using var client = DmaHeapClient.Attach(socket);
        using var buffer = client.Allocate("uncached", 4096);

        using (buffer.BeginCpuAccess(CpuAccessDirection.Read)) Assert.Equal([1ul], heard);

        Assert.Equal([1ul, 5ul], heard);
    }

    [Fact]
    public void An_opaque_buffer_says_why_it_cannot_be_mapped()
    {
        using var host = FakeHost.PlayAfterHello(
            h =>
            {
                var request = h.Expect(MessageKind.Allocate);
                using var memory = FakeHost.Memory(_mark, 4096);
                Assert.Equal(Errno.None, DescriptorReopen.TryOpen(memory, FileAccessMode.WriteOnly, closeOnExec: true, out var opaque));
                using (opaque) h.Allocated(request, opaque, flags: BufferFlags.Opaque);
            },
            out var socket);
        using var client = DmaHeapClient.Attach(socket);
        using var buffer = client.Allocate("secure", 4096);

        var thrown = Assert.Throws<DmaHeapException>(() => buffer.Map());

        Assert.Equal(Errno.EACCES, thrown.Errno);
        Assert.Contains("opaque", thrown.Message);
    }
}

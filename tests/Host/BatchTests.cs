using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DmaHeap.Hosting;
using DmaHeap.Hosting.Allocation;
using DmaHeap.Linux;
using DmaHeap.Protocol;
using DmaHeap.Tests.Linux;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Host;

/// <summary>Buffers of several sizes in one request.</summary>
[Collection(ExclusiveCollection.Name)]
public sealed class BatchTests
{
    [Fact]
    public void Buffers_of_several_sizes_come_in_one_reply_in_the_order_asked_for()
    {
        using var host = new TestHost();
        using var client = host.Connect();
        client.Send(Messages.Batch(1, "plain", [(4096, 1), (8 << 20, 2), (5000, 1), (1, 3)], name: "plane"));
        using (var reply = client.Receive())
        {
            var head = reply.As<AllocateBatchReply>();
            Assert.Equal((MessageKind.AllocateBatch | MessageKind.ReplyBit, 7u, 0, 0u), (head.Header.Kind, head.Count, head.StoppedBy, head.Reserved));
            var buffers = reply.BatchBuffers();
            Assert.Equal([4096ul, 8 << 20, 8 << 20, 8192, 4096, 4096, 4096], buffers.Select(buffer => buffer.Length));
            Assert.Equal([.. buffers.Select(buffer => (long)buffer.Length)], reply.Descriptors.Select(descriptor => FileStatus.Of(descriptor).Length));
            Assert.All(buffers, buffer => Assert.Equal(4096u, buffer.PageSize));
            Assert.Equal(BufferFlags.Contiguous, buffers[0].Flags & BufferFlags.Contiguous);
            Assert.Equal(BufferFlags.None, buffers[1].Flags & BufferFlags.Contiguous);
            for (var i = 0; i < buffers.Length; i++)
            {
                var shown = client.Ask(Messages.Describe((ulong)i + 2), reply.Descriptors[i]).As<DescribeReply>().Buffer;
                Assert.Equal((buffers[i].Id, "plane", buffers[i].Length), (shown.Id, TextField.Read(shown.Name), shown.Length));
            }
        }

        host.AssertNothingIsHeld();
    }

    /// <summary>The very bytes, for whoever writes a client by the document alone.</summary>
    [Fact]
    public void A_batch_is_these_bytes_on_the_wire()
    {
        using var host = new TestHost();
        using var client = host.Connect();
        var request = Convert.FromHexString(
            "B8000000" + "3C00" + "0000" + "2A00000000000000" // 184 bytes, kind 60, request 42
            + "02000800" + "02000000" + "0000000000000000" + "00000000" + "00000000" // O_RDWR | O_CLOEXEC, two sizes
            + "706C61696E" + new string('0', 2 * 59) // "plain"
            + "66" + new string('0', 2 * 31) // "f"
            + "0000000000000000" + "00000000" + "00000000"
            + "0010000000000000" + "01000000" + "00000000"
            + "0020000000000000" + "01000000" + "00000000");
        Assert.Equal(request, Messages.Batch(42, "plain", [(4096, 1), (8192, 1)], fileFlags: 0x80002, name: "f"));
        client.Send(request);
        using var reply = client.Receive();
        var epoch = Convert.ToHexString(BitConverter.GetBytes(host.Host.Core.Epoch));
        Assert.Equal(
            "60000000" + "3C80" + "0000" + "2A00000000000000" + "02000000" + "20000000" + "00000000" + "00000000"
            + epoch + "0100000000000000" + "0010000000000000" + "04000000" + "00100000"
            + epoch + "0200000000000000" + "0020000000000000" + "00000000" + "00100000",
            Convert.ToHexString(reply.Bytes));
    }

    [Fact]
    public void Two_hundred_and_fifty_three_buffers_of_as_many_sizes_fit_one_reply()
    {
        using var host = new TestHost();
        using var client = host.Connect();
        client.Send(Messages.Batch(1, "plain", [.. Enumerable.Range(1, 253).Select(i => ((ulong)i * 4096, 1u))]));
        using (var reply = client.Receive())
        {
            Assert.Equal(Enumerable.Range(1, 253).Select(i => i * 4096L), reply.Descriptors.Select(descriptor => FileStatus.Of(descriptor).Length));
            Assert.Equal(253, reply.BatchBuffers().Select(buffer => buffer.Id).Distinct().Count());
        }

        host.AssertNothingIsHeld();
    }

    [Fact]
    public void No_sizes_too_many_and_sizes_of_nothing_are_EINVAL_and_no_heap_is_asked()
    {
        using var host = new TestHost();
        using var client = host.Connect();
        Refused([], HeapCause.BadRequest, "a batch of 0 sizes was asked for; 1 to 253 can be");
        Refused([.. Enumerable.Repeat((4096ul, 1u), 254)], HeapCause.BadRequest, "a batch of 254 sizes was asked for; 1 to 253 can be");
        Refused([(4096, 254)], HeapCause.BadRequest, "a batch has more than 253 buffers in all");
        Refused([(4096, 253), (8192, 1)], HeapCause.BadRequest, "a batch has more than 253 buffers in all");
        Refused([(4096, 1), (8192, uint.MaxValue)], HeapCause.BadRequest, "a batch has more than 253 buffers in all");
        Refused([(4096, 1), (8192, 0)], HeapCause.BadRequest, "a batch has 0 buffers of 8192 bytes; leave the size out");
        Refused([(4096, 1), (0, 1)], HeapCause.BadLength, "a buffer of 0 bytes cannot be allocated");
        Refused([(4096, 1)], HeapCause.BadRequest, "the options 2 are unknown", (AllocateOptions)2);
        Assert.Empty(host.Heap.Allocated);
        using var one = Packet([(4096, 1)]);
        Assert.Single(one.Descriptors);

        void Refused((ulong, uint)[] sizes, string cause, string sentence, AllocateOptions options = AllocateOptions.None)
        {
            using var reply = Packet(sizes, options);
            Assert.Equal(new Refusal(HeapErrno.Invalid, cause, sentence, Fatal: false), reply.Error());
        }

        Packet Packet((ulong, uint)[] sizes, AllocateOptions options = AllocateOptions.None)
        {
            client.Send(Messages.Batch(client.NextId(), "plain", sizes, options));
            return client.Receive();
        }
    }

    [Fact]
    public void Lengths_that_overflow_or_that_nobody_has_are_refused_as_for_one_buffer()
    {
        using var host = new TestHost();
        using var client = host.Connect();
        foreach (var (length, cause) in new[] { (ulong.MaxValue, HeapCause.BadLength), (1ul << 63, HeapCause.BufferLimit), (1ul << 62, HeapCause.HostLimit) })
        {
            client.Send(Messages.Batch(client.NextId(), "plain", [(4096, 3), (length, 1)]));
            using var reply = client.Receive();
            Assert.Equal(cause, reply.Error().Cause);
            host.AssertNothingIsHeld();
        }

        // Their sum may be more than a number of 64 bits: they are charged one by one.
        client.Send(Messages.Batch(client.NextId(), "plain", [((1ul << 63) - 4096, 253)]));
        Assert.Equal(HeapCause.HostLimit, client.Receive().Error().Cause);
        host.AssertNothingIsHeld();
    }

    [Theory]
    [InlineData("a short head")]
    [InlineData("sizes that are missing")]
    [InlineData("half a size")]
    [InlineData("a tail")]
    [InlineData("a reserved field")]
    [InlineData("a size's reserved field")]
    [InlineData("a heap's name without an end")]
    public void A_batch_that_is_nonsense_ends_the_connection_and_leaves_nothing(string what)
    {
        using var host = new TestHost();
        using (var client = host.Connect())
        {
            var packet = Messages.Batch(1, "plain", [(4096, 1), (8192, 1)]);
            var head = Unsafe.SizeOf<AllocateBatchRequest>();
            switch (what)
            {
                case "a short head": Array.Resize(ref packet, head - 1); break;
                case "sizes that are missing": Array.Resize(ref packet, head + 16); break;
                case "half a size": Array.Resize(ref packet, packet.Length - 1); break;
                case "a tail": packet = [.. packet, 0, 0, 1]; break;
                case "a reserved field": packet[head - 1] = 1; break;
                case "a size's reserved field": packet[^1] = 1; break;
                default: packet.AsSpan(40, 64).Fill((byte)'a'); break;
            }

            client.Send(packet.WithItsSize());
            var farewell = client.Receive().Error();
            Assert.Equal(((HeapErrno)Errno.EPROTO, true), (farewell.Errno, farewell.Fatal));
            Assert.Null(client.ReceiveOrEnd());
        }

        Assert.Empty(host.Heap.Allocated);
        using var other = host.Connect();
        byte[] longer = [.. Messages.Batch(1, "plain", [(4096, 1)]), .. new byte[9]];
        other.Send(longer.WithItsSize()); // the control: a tail of zeros is a later version's
        using var reply = other.Receive();
        Assert.Equal(1u, reply.As<AllocateBatchReply>().Count);
    }

    [Theory]
    [InlineData(nameof(AllocationStep.Admitted))]
    [InlineData(nameof(AllocationStep.Allocated))]
    [InlineData(nameof(AllocationStep.Watched))]
    [InlineData(nameof(AllocationStep.Opened))]
    [InlineData(nameof(AllocationStep.Exported))]
    public void A_batch_whose_middle_one_fails_at_any_step_leaves_nothing_behind(string step)
    {
        using var host = new TestHost();
        using var client = host.Connect();
        client.Allocate().Dispose();
        host.AssertNothingIsHeld();
        var (descriptors, before) = (Descriptors.Count(), host.Heap.Released.Count);
        for (var i = 0; i < 20; i++)
        {
            // The one of 12 KiB is the fourth of five.
            host.Heap.OnAllocate = (request, _) =>
            {
                if (request.Length == 12288) host.Probe.Failing = Enum.Parse<AllocationStep>(step);
                return new HeapBuffer(host.Heap.Pages(request.Length));
            };
            if (step == nameof(AllocationStep.Admitted))
            {
                host.Heap.OnAllocate = (request, _) =>
                    request.Length == 12288 ? throw new HeapException(HeapErrno.NoMemory, HeapCause.Exhausted, "no more") : new HeapBuffer(host.Heap.Pages(request.Length));
            }

            client.Send(Messages.Batch(client.NextId(), "plain", [(4096, 2), (8192, 1), (12288, 1), (4096, 1)]));
            using var reply = client.Receive();
            Assert.Equal(step == nameof(AllocationStep.Admitted) ? HeapErrno.NoMemory : HeapErrno.InputOutput, reply.Error().Errno);
            host.Probe.Failing = null;
        }

        host.Heap.OnAllocate = null;
        host.AssertNothingIsHeld();
        var released = host.Heap.Released.Skip(before).ToArray();
        Assert.Equal(20 * (step == nameof(AllocationStep.Admitted) ? 3 : 4), released.Length);
        Assert.All(released, release => Assert.Equal(ReleaseReason.ExportFailed, release.Reason));
        Assert.Equal(released.Length, released.Select(release => release.Buffer).Distinct().Count());
        Eventually.True(() => Descriptors.Count() == descriptors, "descriptors are left");
    }

    [Fact]
    public void As_many_as_fit_stops_at_the_first_that_does_not_also_where_a_smaller_one_would()
    {
        using var host = new TestHost(limits: new HeapLimits { Total = 5 * 4096 });
        using var client = host.Connect();
        client.Send(Messages.Batch(1, "plain", [(8192, 2), (8192, 1), (4096, 1)], AllocateOptions.AsManyAsFit));
        using (var reply = client.Receive())
        {
            Assert.Equal((2u, (int)HeapErrno.NoMemory), (reply.As<AllocateBatchReply>().Count, reply.As<AllocateBatchReply>().StoppedBy));
            Assert.Equal([8192ul, 8192], reply.BatchBuffers().Select(buffer => buffer.Length));
            Assert.Equal(2, reply.Descriptors.Length);
            client.Send(Messages.Batch(2, "plain", [(8192, 1), (4096, 1)], AllocateOptions.AsManyAsFit)); // not even the first
            Assert.Equal(HeapCause.HeapLimit, client.Receive().Error().Cause);
            client.Send(Messages.Batch(3, "plain", [(4096, 1), (8192, 1)])); // all or none
            Assert.Equal(HeapCause.HeapLimit, client.Receive().Error().Cause);
            Assert.Equal(2, host.Host.LiveBuffers);
        }

        host.AssertNothingIsHeld();
    }

    [Theory]
    [InlineData(AllocateOptions.None)]
    [InlineData(AllocateOptions.AsManyAsFit)]
    public void A_batch_that_is_withdrawn_while_it_is_made_is_EINTR_and_leaves_nothing(AllocateOptions options)
    {
        using var host = new TestHost();
        using var client = host.Connect();
        using var third = new ManualResetEventSlim();
        host.Heap.OnAllocate = (request, withdrawn) =>
        {
            if (request.Length == 12288)
            {
                third.Set();
                withdrawn.WaitHandle.WaitOne(TimeSpan.FromSeconds(20));
            }

            return new HeapBuffer(host.Heap.Pages(request.Length));
        };
        client.Send(Messages.Batch(9, "plain", [(4096, 2), (12288, 1), (8192, 5)], options));
        Assert.True(third.Wait(TimeSpan.FromSeconds(20)));
        client.Send(Messages.Cancel(9));
        Assert.Equal((HeapErrno.Interrupted, HeapCause.Cancelled), (client.Receive().Error() is var refusal ? refusal.Errno : 0, refusal.Cause));
        Assert.Equal(3, host.Heap.Allocated.Count); // the rest was not made
        host.AssertNothingIsHeld();
    }

    [Fact]
    public void A_batch_counts_as_unread_whole_and_is_refused_before_it_is_made()
    {
        using var host = new TestHost();
        using var client = host.Connect();
        for (var i = 0; i < 4; i++) client.Send(Messages.Batch((ulong)i + 1, "plain", [(4096, 200), (8192, 53)]));
        Eventually.True(() => host.Host.LiveBuffers == 4 * 253, "the batches did not come");
        var made = host.Heap.Allocated.Count;
        client.Send(Messages.Batch(5, "plain", [(4096, 10), (8192, 3)]));
        var expected = 4 * (Unsafe.SizeOf<AllocateBatchReply>() + (253 * Unsafe.SizeOf<BatchBuffer>())) + Unsafe.SizeOf<ErrorReply>();
        Eventually.True(() => client.WaitingBytes == expected, "the last was not answered"); // whoever reads meanwhile makes room
        var replies = Enumerable.Range(0, 5).Select(_ => client.Receive()).ToArray();
        Assert.Equal(HeapCause.UndeliveredLimit, replies[4].Error().Cause);
        Assert.Equal(made, host.Heap.Allocated.Count);
        foreach (var reply in replies) reply.Dispose();
        client.Allocate().Dispose();
        host.AssertNothingIsHeld();
    }

    [Fact]
    public void A_request_of_one_size_states_what_holds_of_each_of_its_buffers()
    {
        using var host = new TestHost();
        using var client = host.Connect();
        var hooked = 0;
        host.Heap.OnAllocate = (request, _) => ++hooked == 2 ? new HookedBuffer(host.Heap.Pages(request.Length * 2)) : new HeapBuffer(host.Heap.Pages(request.Length));
        using (var reply = client.Ask(Messages.Allocate(1, "plain", 4096, count: 3)))
        {
            // The second is longer than asked for, so no longer one page, and wants to know of CPU access.
            Assert.Equal((4096ul, BufferFlags.CpuAccessHooks), (reply.As<AllocateReply>().Length, reply.As<AllocateReply>().Flags));
        }

        hooked = 0;
        client.Send(Messages.Batch(2, "plain", [(4096, 3)]));
        using (var reply = client.Receive())
        {
            Assert.Equal([4096ul, 8192, 4096], reply.BatchBuffers().Select(buffer => buffer.Length));
            Assert.Equal([BufferFlags.Contiguous, BufferFlags.CpuAccessHooks, BufferFlags.Contiguous], reply.BatchBuffers().Select(buffer => buffer.Flags));
        }

        host.AssertNothingIsHeld();
    }

    /// <summary>Batches are made in arrays that a worker keeps: what is left in them would keep heaps and plugins in memory.</summary>
    [Fact]
    public void Nothing_of_a_batch_stays_with_the_worker()
    {
        using var host = new TestHost();
        using var client = host.Connect();
        var references = Held(host, client);
        Eventually.True(() => { GC.Collect(); GC.WaitForPendingFinalizers(); return references.All(reference => !reference.IsAlive); }, "buffers are still in memory");

        [MethodImpl(MethodImplOptions.NoInlining)]
        static WeakReference[] Held(TestHost host, RawClient client)
        {
            client.Send(Messages.Batch(1, "plain", [(4096, 9)]));
            client.Receive().Dispose();
            host.AssertNothingIsHeld();
            client.Send(Messages.Batch(2, "plain", [(4096, 2), (ulong.MaxValue, 1)]));
            client.Receive().Error();
            host.AssertNothingIsHeld();
            WeakReference[] references = [.. host.Heap.Allocated.Select(buffer => new WeakReference(buffer))];
            Assert.Equal(11, references.Length);
            host.Heap.Allocated.Clear();
            host.Heap.Released.Clear();
            return references;
        }
    }

    private sealed class HookedBuffer(IHeapMemory memory) : HeapBuffer(memory)
    {
        public override void BeginCpuAccess(in CpuAccess access)
        {
        }
    }
}

using System.Runtime.CompilerServices;
using DmaHeap.Client;
using DmaHeap.Linux;
using DmaHeap.Protocol;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Client.Pooling;

/// <summary>What a pool promises to those who take buffers of it and return them.</summary>
public sealed class BufferPoolTests : IDisposable
{
    readonly TestHost _host = new();
    readonly DmaHeapClient _client;

    public BufferPoolTests() => _client = DmaHeapClient.Connect(_host.SocketPath);

    public void Dispose()
    {
        _client.Dispose();
        _host.Dispose();
    }

    [Fact]
    public void The_buffer_returned_last_is_taken_first_with_its_mapping_and_what_is_in_it()
    {
        using var pool = Pool(new() { Name = "frame" });
        var first = pool.Acquire();
        first.Span.Fill(7);
        var (buffer, address) = (first.Buffer, first.Mapping.Address);
        Assert.Equal("frame", _client.Describe(buffer.Handle).Name);
        Assert.Equal(8192, buffer.Length);
        first.Return();

        using var second = pool.Acquire();
        Assert.Same(buffer, second.Buffer);
        Assert.Equal(address, second.Mapping.Address);
        Assert.Equal(7, second.Span[8191]);
        Assert.Equal(new BufferPoolStatistics(1, 0, 0, 2, 1, 0, 0, 0, 0), pool.Statistics);
    }

    [Fact]
    public async Task Once_warm_the_host_hears_nothing()
    {
        var mark = Descriptors.NewMark();
        using var host = FakeHost.PlayAfterHello(
            h =>
            {
                h.AllocateBatch(h.Expect(MessageKind.AllocateBatch), mark);
                h.AllocateMemory(h.Expect(MessageKind.Allocate), mark); // the control: the third
                h.ExpectEnd();
            },
            out var socket);
        using var client = DmaHeapClient.Attach(socket);
        using var pool = new BufferPool(client, "system", 4096, new() { Capacity = 3, Prewarm = 2 });
        for (var i = 0; i < 1000; i++)
        {
            using var first = pool.Acquire();
            using var second = await pool.AcquireAsync();
        }

        Assert.Equal(0, pool.Statistics.Misses);
        using var a = pool.Acquire();
        using var b = pool.Acquire();
        Assert.True(pool.TryAcquire(out var c));
        c.Dispose();
        Assert.Equal((1, 2003), (pool.Statistics.Misses, pool.Statistics.Acquired));
        client.Dispose();
        host.Dispose();
    }

    [Fact]
    public void Taking_and_returning_allocates_nothing_on_the_managed_heap()
    {
        using var pool = Pool(new() { Prewarm = 2 });
        Round(pool);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 10_000; i++) Round(pool);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        _ = new object(); // the control
        Assert.NotEqual(0, GC.GetAllocatedBytesForCurrentThread() - before);

        static void Round(BufferPool pool)
        {
            using var first = pool.Acquire();
            first.Span[0]++;
            if (pool.TryAcquire(out var second)) second.Return();
            var third = pool.AcquireAsync();
            if (!third.IsCompletedSuccessfully) Assert.Fail("it waits");
            third.GetAwaiter().GetResult().Dispose();
        }
    }

    [Fact]
    public async Task Where_the_capacity_is_out_one_call_refuses_and_the_others_wait()
    {
        using var pool = Pool(new() { Capacity = 2 });
        var first = pool.Acquire();
        using var second = pool.Acquire();
        Assert.False(pool.TryAcquire(out var none));
        Assert.True(none.IsReturned);
        Assert.Throws<ObjectDisposedException>(() => none.Buffer);
        none.Dispose();

        var waiting = pool.AcquireAsync();
        var blocked = Task.Factory.StartNew(() => pool.Acquire(), TaskCreationOptions.LongRunning);
        Eventually.True(() => pool.Statistics.Waiting == 2, "they do not wait");
        Assert.False(waiting.IsCompleted || blocked.IsCompleted);
        first.Return();
        using var third = await waiting.AsTask().WaitAsync(FakeHost.Deadline); // who came first
        Assert.False(blocked.IsCompleted);
        second.Return();
        using var fourth = await blocked.WaitAsync(FakeHost.Deadline);
        Assert.Equal(new BufferPoolStatistics(2, 0, 0, 4, 2, 2, 1, 0, 0), pool.Statistics);
    }

    [Fact]
    public async Task A_wait_that_is_cancelled_takes_nothing_and_leaves_its_place_to_the_next()
    {
        using var pool = Pool(new() { Capacity = 1 });
        var only = pool.Acquire();
        using var cancelled = new CancellationTokenSource();
        var first = pool.AcquireAsync(cancelled.Token).AsTask();
        var blocked = Task.Factory.StartNew(() => pool.Acquire(cancelled.Token), TaskCreationOptions.LongRunning);
        Eventually.True(() => pool.Statistics.Waiting == 2, "they do not wait");
        var second = pool.AcquireAsync().AsTask();

        await cancelled.CancelAsync();
        Assert.Equal(cancelled.Token, (await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first)).CancellationToken);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => blocked);
        Assert.Equal(1, pool.Statistics.Waiting);
        only.Return();
        (await second.WaitAsync(FakeHost.Deadline)).Return();
        Assert.Equal((0, 1), (pool.Statistics.InUse, pool.Statistics.Idle));
    }

    [Fact]
    public void An_old_lease_cannot_return_or_reach_what_another_holder_has()
    {
        using var pool = Pool(new() { Capacity = 1 });
        var old = pool.Acquire();
        var copy = old;
        old.Return();
        Assert.Throws<InvalidOperationException>(() => old.Return());
        using var next = pool.Acquire();

        Assert.Throws<InvalidOperationException>(() => copy.Return());
        Assert.Throws<InvalidOperationException>(() => copy.Discard());
        Assert.Throws<ObjectDisposedException>(() => copy.Mapping);
        copy.Dispose();
        old.Dispose();

        Assert.False(next.IsReturned);
        Assert.False(pool.TryAcquire(out _));
        Assert.Equal((1, 0), (pool.Statistics.InUse, pool.Statistics.Idle));
    }

    [Fact]
    public void Of_many_who_return_one_lease_at_once_one_succeeds()
    {
        using var pool = Pool(new() { Capacity = 1 });
        for (var i = 0; i < 500; i++)
        {
            var lease = pool.Acquire();
            var returned = 0;
            Parallel.For(0, 4, _ =>
            {
                try
                {
                    lease.Return();
                    Interlocked.Increment(ref returned);
                }
                catch (InvalidOperationException)
                {
                    // Another was first.
                }
            });
            Assert.Equal(1, returned);
            Assert.Equal((0, 1), (pool.Statistics.InUse, pool.Statistics.Idle));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)] // the control
    public void A_scrubbing_pool_hands_out_zeros(bool scrub)
    {
        using var pool = Pool(new() { Capacity = 1, Scrub = scrub });
        using (var first = pool.Acquire()) first.Span.Fill(9);
        using var second = pool.Acquire();
        Assert.Equal(!scrub, second.Span.ContainsAnyExcept((byte)0));
    }

    [Fact]
    public void Scrubbing_tells_a_heap_that_wants_to_know_of_it_and_drops_what_it_may_not_touch()
    {
        var mark = Descriptors.NewMark();
        using var host = FakeHost.PlayAfterHello(
            h =>
            {
                h.AllocateMemory(h.Expect(MessageKind.Allocate), mark, BufferFlags.CpuAccessHooks);
                foreach (var flags in new[] { 2ul, 6ul })
                {
                    var request = h.Expect(MessageKind.CpuAccess);
                    foreach (var shown in request.Shown) shown.Dispose();
                    Assert.Equal(flags, request.As<CpuAccessRequest>().SyncFlags);
                    h.Reply(request, default(DoneReply));
                }

                var refused = h.Expect(MessageKind.CpuAccess);
                foreach (var shown in refused.Shown) shown.Dispose();
                h.Error(refused.Header.RequestId, Errno.EIO, "heap-fault", "No.");
                h.ExpectEnd();
            },
            out var socket);
        using var client = DmaHeapClient.Attach(socket);
        using var pool = new BufferPool(client, "uncached", 4096, new() { Capacity = 1, Scrub = true });
        pool.Acquire().Return();
        Assert.Equal((1, 0L), (pool.Statistics.Idle, pool.Statistics.Dropped));
        pool.Acquire().Return();
        Assert.Equal((0, 1L), (pool.Statistics.Idle, pool.Statistics.Dropped));
        client.Dispose();
        host.Dispose();
        Assert.Equal(0, Descriptors.Count(mark));
    }

    [Fact]
    public async Task What_is_discarded_or_was_closed_by_its_holder_is_not_used_again_and_leaves_its_place()
    {
        using var pool = Pool(new() { Capacity = 1 });
        var discarded = pool.Acquire();
        var waiting = pool.AcquireAsync().AsTask();
        var id = discarded.Buffer.Id;
        discarded.Discard();
        var made = await waiting.WaitAsync(FakeHost.Deadline); // who waits makes one in its place
        Assert.NotEqual(id, made.Buffer.Id);

        made.Buffer.Dispose();
        made.Return();
        var next = pool.Acquire();
        next.Span[0] = 1;
        next.Mapping.Dispose();
        next.Return();
        using (var last = pool.Acquire()) last.Span[0] = 1;
        Assert.Equal((1, 3L, 4L), (pool.Statistics.Idle, pool.Statistics.Dropped, pool.Statistics.Misses));
        Eventually.True(() => _host.Host.LiveBuffers == 1, "what was dropped lives on");
    }

    [Fact]
    public void Idle_buffers_can_be_given_up()
    {
        using var pool = Pool(new() { Capacity = 8, Prewarm = 8 });
        using var leased = pool.Acquire();
        Assert.Equal(5, pool.Trim(keep: 2));
        Assert.Equal((1, 2), (pool.Statistics.InUse, pool.Statistics.Idle));
        Eventually.True(() => _host.Host.LiveBuffers == 3, "what was given up lives on");
        Assert.Equal(0, pool.Trim(keep: 2));
        Assert.Equal(2, pool.Trim());
        leased.Span[0] = 1;
        Assert.Throws<ArgumentOutOfRangeException>(() => pool.Trim(-1));
        for (var i = 0; i < 7; i++) Assert.True(pool.TryAcquire(out _)); // the places are there again
        Assert.False(pool.TryAcquire(out _));
    }

    [Fact]
    public async Task A_pool_that_is_disposed_leaves_leases_with_their_holders_and_ends_waits()
    {
        var pool = Pool(new() { Capacity = 2, Prewarm = 2 });
        using (var first = pool.Acquire())
        {
            var second = pool.Acquire();
            var waiting = pool.AcquireAsync().AsTask();
            second.Span[0] = 5;
            pool.Dispose();
            await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting);
            Assert.Throws<ObjectDisposedException>(() => pool.Acquire());
            Assert.Throws<ObjectDisposedException>(() => pool.TryAcquire(out _));
            Assert.Equal(5, second.Span[0]);
            Assert.Equal(2, _host.Host.LiveBuffers);
            second.Return();
            Eventually.True(() => _host.Host.LiveBuffers == 1, "a buffer returned to a pool that is gone lives on");
            pool.Dispose();
        }

        Assert.Equal((0, 0), (pool.Statistics.InUse, pool.Statistics.Idle));
        _host.AssertNothingIsHeld();
    }

    [Fact]
    public void A_lease_that_is_forgotten_comes_back_as_room_once_it_is_collected()
    {
        using var pool = Pool(new() { Capacity = 1 });
        Forget(pool);
        Eventually.True(() => { GC.Collect(); GC.WaitForPendingFinalizers(); return pool.Statistics.Lost == 1; }, "it was not found");
        Eventually.True(() => _host.Host.LiveBuffers == 0, "it lives on");
        using var next = pool.Acquire();
        Assert.Equal((1, 0, 1L), (pool.Statistics.InUse, pool.Statistics.Idle, pool.Statistics.Lost));

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Forget(BufferPool pool) => pool.Acquire().Span[0] = 1;
    }

    [Fact]
    public async Task A_pool_is_prewarmed_whole_or_not_at_all()
    {
        using var limited = new TestHost(limits: new DmaHeap.Hosting.HeapLimits { Total = 300 * 4096 });
        using var client = DmaHeapClient.Connect(limited.SocketPath);
        var options = new BufferPoolOptions { Capacity = 400, Prewarm = 301 };
        Assert.Equal(HeapCause.HeapLimit, Assert.Throws<DmaHeapException>(() => new BufferPool(client, "plain", 4096, options)).Cause);
        Assert.Equal(HeapCause.HeapLimit, (await Assert.ThrowsAsync<DmaHeapException>(() => BufferPool.CreateAsync(client, "plain", 4096, options))).Cause);
        limited.AssertNothingIsHeld();

        using var pool = await BufferPool.CreateAsync(client, "plain", 4096, options with { Prewarm = 300 });
        Assert.Equal((300, 0L), (pool.Statistics.Idle, pool.Statistics.Misses));
        var leases = Enumerable.Range(0, 300).Select(_ => pool.Acquire()).ToArray();
        Assert.Equal(300, leases.Select(lease => lease.Buffer.Id).Distinct().Count());
        Assert.Equal(HeapCause.HeapLimit, Assert.Throws<DmaHeapException>(() => pool.TryAcquire(out _)).Cause); // there is a place, and no memory
        leases[0].Discard();
        Eventually.True(() => limited.Host.LiveBuffers == 299, "it lives on");
        using var another = pool.Acquire();
        Assert.Equal(300, pool.Statistics.InUse);
    }

    [Fact]
    public void A_pool_of_what_cannot_be_mapped_hands_out_buffers_without_mappings()
    {
        _host.Heap.OnAllocate = (request, _) => new OpaqueBuffer(_host.Heap.Pages(request.Length));
        Assert.Equal(ClientCause.MapFailed, Assert.Throws<DmaHeapException>(() => Pool(new() { Prewarm = 1 })).Cause);
        using var pool = Pool(new() { KeepMapped = false, Prewarm = 1 });
        using var lease = pool.Acquire();
        Assert.True(lease.Buffer.Flags.HasFlag(BufferFlags.Opaque));
        Assert.Throws<InvalidOperationException>(() => lease.Mapping);
    }

    [Fact]
    public void Senseless_options_are_refused_before_anybody_is_asked()
    {
        foreach (var options in new BufferPoolOptions[] { new() { Capacity = 0 }, new() { Prewarm = -1 }, new() { Capacity = 2, Prewarm = 3 }, new() { Scrub = true, KeepMapped = false } })
            Assert.ThrowsAny<ArgumentException>(() => Pool(options));
        Assert.ThrowsAny<ArgumentException>(() => new BufferPool(_client, "plain", 0));
        Assert.ThrowsAny<ArgumentException>(() => new BufferPool(_client, "", 4096));
        Assert.Empty(_host.Heap.Allocated);
    }

    BufferPool Pool(BufferPoolOptions options) => new(_client, "plain", 8000, options);

    sealed class OpaqueBuffer(IHeapMemory memory) : HeapBuffer(memory)
    {
        public override MmapPolicy MmapPolicy => MmapPolicy.Refused;
    }
}

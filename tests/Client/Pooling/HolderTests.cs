using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using DmaHeap.Client;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Client.Pooling;

/// <summary>Many threads at one pool: no buffer ever has two holders.</summary>
public sealed class HolderTests
{
    const int Threads = 12, Capacity = 5;

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 2)]
    public void No_buffer_has_two_holders_whatever_they_do_with_it(bool scrub, int seed)
    {
        using var host = new TestHost();
        using var client = DmaHeapClient.Connect(host.SocketPath);
        using var pool = new BufferPool(client, "plain", 4096, new() { Capacity = Capacity, Prewarm = 2, Scrub = scrub });
        var holders = new Holders(scrub);
        var doubles = 0;
        Run(seed, (random, me) =>
        {
            if (Take(pool, random) is not { } lease) return;
            holders.Hold(lease.Span, me);
            if (random.Next(50) == 0) Thread.Yield();
            if (random.Next(100) == 0) pool.Trim(random.Next(Capacity));
            holders.LetGo(lease.Span, me);
            if (random.Next(30) == 0) lease.Discard();
            else lease.Return();
            lease.Dispose(); // too late, and harmless
            if (random.Next(10) != 0) return;
            try
            {
                lease.Return();
                Interlocked.Increment(ref doubles);
            }
            catch (InvalidOperationException)
            {
                // As it should be.
            }
        });

        Assert.Empty(holders.Violations);
        Assert.Equal(0, doubles);
        var end = pool.Statistics;
        Assert.Equal((0, 0, 0L), (end.InUse, end.Waiting, end.Lost));
        Assert.True(end is { Idle: <= Capacity, Waits: > 0, Refusals: > 0, Dropped: > 0, Misses: > 2 }, $"not everything was tried: {end}");
        Eventually.True(() => host.Host.LiveBuffers == end.Idle, "a buffer lives on that the pool does not have");
        pool.Dispose();
        host.AssertNothingIsHeld();
    }

    /// <summary>The control: buffers that are idle and leased at once are noticed.</summary>
    [Fact]
    public void Two_holders_of_one_buffer_would_be_seen()
    {
        var buffers = Enumerable.Range(0, Capacity).Select(_ => new byte[4096]).ToArray();
        var next = 0;
        var holders = new Holders(zeroed: false);
        Run(3, (random, me) =>
        {
            var buffer = buffers[(uint)next++ % Capacity]; // not for several threads
            holders.Hold(buffer, me);
            if (random.Next(50) == 0) Thread.Yield();
            holders.LetGo(buffer, me);
        });

        Assert.NotEmpty(holders.Violations);
    }

    static BufferLease? Take(BufferPool pool, Random random)
    {
        switch (random.Next(4))
        {
            case 0: return pool.TryAcquire(out var lease) ? lease : null;
            case 1: return pool.AcquireAsync().AsTask().GetAwaiter().GetResult();
            case 2: return pool.Acquire();
            default:
                using (var patience = new CancellationTokenSource())
                {
                    if (random.Next(2) == 0) patience.CancelAfter(TimeSpan.FromMicroseconds(random.Next(500)));
                    try
                    {
                        return pool.Acquire(patience.Token);
                    }
                    catch (OperationCanceledException)
                    {
                        return null;
                    }
                }
        }
    }

    static void Run(int seed, Action<Random, int> turn)
    {
        var failures = new ConcurrentQueue<Exception>();
        var threads = Enumerable.Range(1, Threads).Select(me => new Thread(() =>
        {
            var random = new Random((seed * 1000) + me);
            try
            {
                for (var i = 0; i < 2000; i++) turn(random, me);
            }
            catch (Exception exception)
            {
                failures.Enqueue(exception);
            }
        })).ToArray();
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) Assert.True(thread.Join(FakeHost.Deadline), "a thread waits for ever");
        Assert.Empty(failures);
    }

    /// <summary>Who has which buffer, as written into the buffers themselves: each holder claims it, fills all of it with its own number, and finds that again at the end.</summary>
    sealed class Holders(bool zeroed)
    {
        public ConcurrentQueue<string> Violations { get; } = new();

        public void Hold(Span<byte> memory, int me)
        {
            ref var claim = ref MemoryMarshal.AsRef<int>(memory);
            if (Interlocked.CompareExchange(ref claim, me, 0) is var other and not 0) Violations.Enqueue($"{me} has what {other} has");
            if (zeroed && memory[4..].ContainsAnyExcept((byte)0)) Violations.Enqueue($"{me} was given what was not scrubbed");
            memory[4..].Fill((byte)me);
        }

        public void LetGo(Span<byte> memory, int me)
        {
            if (memory[4..].ContainsAnyExcept((byte)me)) Violations.Enqueue($"somebody wrote into what {me} has");
            ref var claim = ref MemoryMarshal.AsRef<int>(memory);
            if (Interlocked.CompareExchange(ref claim, 0, me) != me) Violations.Enqueue($"{me} lost what it had");
        }
    }
}

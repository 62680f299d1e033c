using System.Collections.Concurrent;
using DmaHeap.Hosting.Configuration;
using DmaHeap.Hosting.Heaps;
using DmaHeap.Hosting.Memory;
using DmaHeap.Hosting.Memory.Pools;
using DmaHeap.Linux;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Owners;

/// <summary>A pool that many threads take from, fill, empty and change at once: no piece is handed out twice, none after it was dropped, and none is lost.</summary>
[Collection(ExclusiveCollection.Name)]
public sealed class PoolThreadsTests
{
    private const int Takers = 3, Pieces = 5_000;
    private const string Name = "threads";

    private static readonly long s_page = Environment.SystemPageSize;

    [Fact]
    public async Task No_piece_of_a_pool_is_handed_out_twice_or_lost()
    {
        var statistics = new HeapStatistics();
        var time = new RunningTime();
        var pool = new PagePool(Name, statistics, time, static () => { });
        pool.Configure(Terms(1), HeapPages.Machine);
        var files = new PageFiles(null, new HugePages(time));
        var (made, taken) = (0, new ConcurrentDictionary<ulong, bool>());
        using var enough = new CancellationTokenSource();

        Task[] threads =
        [
            Until(enough, Fill), Until(enough, Fill),
            .. Enumerable.Range(0, Takers).Select(_ => Until(enough, Take)),
            Until(enough, Disturb),
        ];
        SpinWait.SpinUntil(() => taken.Count >= Pieces || threads.Any(thread => thread.IsFaulted), TimeSpan.FromSeconds(20));
        await enough.CancelAsync();
        await Task.WhenAll(threads);
        Assert.True(taken.Count >= Pieces, $"{taken.Count} pieces were taken");

        Assert.Equal(pool.Bytes, statistics.PoolFilledBytes - statistics.PoolGivenBackBytes - taken.Count * s_page);
        Assert.Equal(taken.Count, statistics.PoolHits);
        Assert.True(made > taken.Count && statistics.PoolGivenBackBytes > 0, $"{made} were made, {taken.Count} taken, {statistics.PoolGivenBackBytes} bytes given back");
        pool.Close();
        Assert.Equal((0, 0), (pool.Bytes, pool.Buffers));
        Assert.Equal(0, Descriptors.Count($"/memfd:{Name}"));

        void Fill()
        {
            if (pool.Wanted() is not { Key: var key })
            {
                Thread.Yield();
                return;
            }

            var memory = pool.NewPiece();
            memory.Begin(files.Make(Name, key.Length, key.Choice, PageFill.Zeroed, memory.File));
            Interlocked.Increment(ref made);
            pool.Add(in key, memory, TimeSpan.FromMicroseconds(10));
        }

        void Take()
        {
            if (pool.TryTake(new PoolKey(s_page, PageChoice.Machine, "")) is not { } piece)
            {
                Thread.Yield();
                return;
            }

            using var file = piece.TakeShownFile(MmapPolicy.Allowed, "").File; // throws when somebody had it, or dropped it
            Assert.True(taken.TryAdd(FileStatus.Of(file).Inode, true), "a piece was handed out twice");
        }

        // Now and then, as what it does stops the filling for a while.
        void Disturb()
        {
            var seen = taken.Count;
            SpinWait.SpinUntil(() => taken.Count >= seen + 50 || enough.IsCancellationRequested);
            switch (Random.Shared.Next(3))
            {
                case 0:
                    pool.Scan(Random.Shared.Next(1, 8) * s_page);
                    break;
                case 1:
                    pool.Trim();
                    break;
                default:
                    pool.Configure(Terms(Random.Shared.Next(1, 3)), HeapPages.Machine);
                    break;
            }
        }

        static PoolConfiguration Terms(int sizes) => new() { Min = new(sizes * 8 * s_page), Sizes = [.. Enumerable.Range(1, sizes).Select(size => new ByteSize(size * s_page))] };
    }

    private static Task Until(CancellationTokenSource enough, Action action) => Task.Factory.StartNew(
        () =>
        {
            while (!enough.IsCancellationRequested) action();
        },
        TaskCreationOptions.LongRunning);

    /// <summary>Runs on with each look, so that what a pool does not do for a while it does soon.</summary>
    private sealed class RunningTime : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => 1_000;

        public override long GetTimestamp() => Interlocked.Add(ref _now, 50);
    }
}

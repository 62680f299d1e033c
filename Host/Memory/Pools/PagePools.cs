using DmaHeap.Hosting.Heaps;
using DmaHeap.Hosting.Lifetime;
using DmaHeap.Hosting.Reclaim;
using Microsoft.Extensions.Logging;

namespace DmaHeap.Hosting.Memory.Pools;

/// <summary>The pools of all heaps, and the thread that fills them. Thread-safe.</summary>
/// <param name="hugePages">Asks the kernel for huge pages.</param>
/// <param name="headroom">How much memory there is.</param>
/// <param name="time">The host's clock.</param>
/// <param name="log">The host's log.</param>
internal sealed class PagePools(HugePages hugePages, Headroom headroom, TimeProvider time, ILogger log) : IDisposable
{
    private readonly Lock _lock = new();
    private PagePool[] _pools = [];
    private PoolFiller? _filler;

    /// <summary>Pools there are, those without terms included.</summary>
    public PagePool[] All => Volatile.Read(ref _pools);

    /// <summary>Descriptors and watches all pools have.</summary>
    public int Pieces
    {
        get
        {
            var pieces = 0;
            foreach (var pool in All) pieces += pool.Buffers;
            return pieces;
        }
    }

    /// <summary>Bytes that filling them has left on the managed heap.</summary>
    public long AllocatedBytes => Volatile.Read(ref _filler)?.AllocatedBytes ?? 0;

    /// <summary>Bytes that are there by demand alone.</summary>
    public long UnowedBytes
    {
        get
        {
            var bytes = 0L;
            foreach (var pool in All) bytes += pool.UnowedBytes;
            return bytes;
        }
    }

    /// <summary>Makes room for what one of them is to have in any case, of what others have by demand alone.</summary>
    /// <returns>Bytes that were given up.</returns>
    public long MakeWay(long bytes)
    {
        var given = 0L;
        foreach (var pool in All.OrderByDescending(pool => pool.Bytes))
        {
            if (given < bytes) given += pool.GiveWay(bytes - given);
        }

        return given;
    }

    /// <summary>A pool for one heap, empty and off.</summary>
    public PagePool Open(string heap, HeapStatistics statistics)
    {
        var pool = new PagePool(heap, statistics, time, Wake);
        lock (_lock) _pools = [.. _pools, pool];
        return pool;
    }

    /// <summary>Drops a pool's memory and forgets it.</summary>
    public void Close(PagePool pool)
    {
        lock (_lock) _pools = [.. _pools.Where(other => other != pool)];
        pool.Close();
    }

    /// <summary>Has them filled from now on.</summary>
    /// <param name="watches">Watches what will be buffers.</param>
    public void Start(BufferWatches watches)
    {
        lock (_lock) _filler = new PoolFiller(this, new PageFiles(null, hugePages), watches, new PoolRoom(headroom, time), time, log);
        if (All.Any(pool => pool.IsOn)) Wake();
    }

    /// <summary>Those that have something, in the order to be asked for it: the one with most that nobody wants comes first.</summary>
    public IEnumerable<IReclaimable> BySurplus() => All.Where(pool => pool.Buffers > 0).OrderByDescending(pool => pool.SurplusBytes).ThenByDescending(pool => pool.Bytes);

    /// <summary>Stops filling and drops everything.</summary>
    public void Dispose()
    {
        PoolFiller? filler;
        lock (_lock) (filler, _filler) = (_filler, null);
        filler?.Dispose();
        foreach (var pool in All) pool.Close();
    }

    private void Wake() => Volatile.Read(ref _filler)?.Wake();
}

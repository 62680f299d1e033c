using DmaHeap.Hosting.Configuration;
using DmaHeap.Hosting.Heaps;
using DmaHeap.Hosting.Reclaim;

namespace DmaHeap.Hosting.Memory.Pools;

/// <summary>
/// Memory kept ready for one heap: files that nobody was ever given, with all their pages, zeroed. Whoever allocates takes one or does without, and never waits: the pieces are made
/// by the filler, on a thread of its own. Charged to the host, to no user's quota. Thread-safe; nothing is made or closed under its lock.
/// </summary>
/// <param name="heap">The heap's name.</param>
/// <param name="statistics">What happens is counted there.</param>
/// <param name="time">Its clock.</param>
/// <param name="wake">Wakes the filler.</param>
internal sealed partial class PagePool(string heap, HeapStatistics statistics, TimeProvider time, Action wake) : IReclaimable
{
    private const int MostSpare = 4096;

    // Each length and name a heap is asked for is a class of its own; whoever makes up a new name each time shall not make us remember them all.
    private const int MostClasses = 64;

    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(5);

    private readonly Spares<PageMemory> _spares = new(MostSpare);
    private readonly Lock _lock = new();
    private readonly Dictionary<PoolKey, PoolClass> _classes = [];
    private volatile PoolConfiguration? _terms;
    private HeapPages _pages;
    private long _bytes;
    private int _buffers;
    private double _pausedUntil;
    private bool _closed;

    /// <summary>The heap's name.</summary>
    public string Heap => heap;

    public string Name => $"pool of {heap}";

    /// <summary>Why it was not filled when that was tried last; null where it was. The filler's.</summary>
    public string? NotFilled { get; set; }

    /// <summary>Whether there is a pool at all.</summary>
    public bool IsOn => _terms is not null;

    /// <summary>Whether some of it is to be there whatever is asked for.</summary>
    public bool HasLeast => _terms is { Min: not null };

    public long Bytes => Interlocked.Read(ref _bytes);

    public int Buffers => Volatile.Read(ref _buffers);

    public long Count() => Bytes;

    public bool HasHugePages
    {
        get
        {
            lock (_lock) return _classes.Values.Any(one => one.Ready.Count > 0 && one.Key.Choice != PageChoice.Machine);
        }
    }

    /// <summary>Bytes beyond what is wanted of it now.</summary>
    public long SurplusBytes
    {
        get
        {
            lock (_lock) return _classes.Values.Sum(one => one.SurplusBytes);
        }
    }

    /// <summary>Goes by other terms from now on. What was ready by the old ones is dropped where it is not the same.</summary>
    public void Configure(PoolConfiguration? terms, HeapPages pages)
    {
        List<PageMemory>? dropped = null;
        lock (_lock)
        {
            if (_closed || (Equals(terms, _terms) && pages == _pages)) return;
            DropAll(ref dropped);
            _classes.Clear();
            (_terms, _pages) = (terms, pages);
            if (terms is not null) AddFixed(terms, pages);
        }

        Give(dropped);
        if (terms is { Min: not null }) wake();
    }

    /// <summary>Drops everything for good.</summary>
    public void Close()
    {
        List<PageMemory>? dropped = null;
        lock (_lock)
        {
            _closed = true;
            _terms = null;
            DropAll(ref dropped);
            _classes.Clear();
        }

        Give(dropped);
    }

    /// <summary>An object for a piece of the heap's, of the pool or not, that is to be made.</summary>
    public PageMemory NewPiece() => _spares.TryTake(out var spare) ? spare : new PageMemory(_spares);

    /// <summary>Takes a piece that is ready. Null where there is none.</summary>
    public PageMemory? TryTake(in PoolKey key)
    {
        if (_terms is not { } terms) return null;
        PageMemory? taken;
        bool isLow;
        lock (_lock)
        {
            var now = Now;
            if (ClassOf(in key, terms) is not { } wanted) return null;
            taken = wanted.Take(now);
            if (taken is not null)
            {
                _bytes -= key.Length;
                _buffers--;
            }

            // Half of what is wanted is gone: to wake the filler for each piece would cost more than the piece.
            isLow = now >= _pausedUntil && (taken is null ? wanted.Retarget(now) > 0 : 2 * wanted.Ready.Count <= wanted.Target);
        }

        statistics.PoolTaken(taken is not null);
        if (isLow) wake();
        return taken;
    }

    /// <summary>What to make next: a piece of the class that has least of what is wanted of it, first of those that are to be there in any case. Null where nothing is wanted, or no more fits.</summary>
    public PoolWish? Wanted()
    {
        if (_terms is not { } terms) return null;
        lock (_lock)
        {
            var now = Now;
            if (now < _pausedUntil) return null;
            Retarget(now, terms.Max.Bytes);
            PoolClass? neediest = null;
            foreach (var one in _classes.Values)
            {
                if (one.Ready.Count >= one.Target || _bytes + one.Key.Length > terms.Max.Bytes) continue;
                if (neediest is null || one.IsNeedierThan(neediest)) neediest = one;
            }

            return neediest is null ? null : new PoolWish(neediest.Key, neediest.IsOwed);
        }
    }

    /// <summary>Puts a piece in. It is dropped where it is not wanted any more.</summary>
    /// <param name="key">What it is.</param>
    /// <param name="memory">The pool's from now on.</param>
    /// <param name="took">How long it took to make.</param>
    public void Add(in PoolKey key, PageMemory memory, TimeSpan took)
    {
        lock (_lock)
        {
            if (_classes.TryGetValue(key, out var found) && Now >= _pausedUntil)
            {
                found.Add(memory, took.TotalSeconds);
                _bytes += key.Length;
                _buffers++;
                statistics.PoolFilled(key.Length);
                return;
            }
        }

        End(memory);
    }

    private double Now => (double)time.GetTimestamp() / time.TimestampFrequency;

    private PoolClass? ClassOf(in PoolKey key, PoolConfiguration terms)
    {
        if (_classes.TryGetValue(key, out var found)) return found;
        if (terms.Sizes.Length > 0 || key.Length > terms.Max.Bytes) return null;
        if (_classes.Count >= MostClasses)
        {
            // One that has nothing ready and was not asked for longest makes room; where all have, the new one is not learnt.
            PoolClass? oldest = null;
            foreach (var one in _classes.Values)
            {
                if (one.Ready.Count == 0 && (oldest is null || one.LastTaken < oldest.LastTaken)) oldest = one;
            }

            if (oldest is null) return null;
            _classes.Remove(oldest.Key);
        }

        return _classes[key] = new PoolClass(key);
    }

    // As many buffers of each size, so that they come to the least there is to be.
    private void AddFixed(PoolConfiguration terms, HeapPages pages)
    {
        var keys = new HashSet<PoolKey>();
        foreach (var size in terms.Sizes)
        {
            if (PageChoices.TryRound(size.Bytes, pages, out var length, out var choice)) keys.Add(new PoolKey(length, choice, ""));
        }

        var one = keys.Sum(key => key.Length);
        var each = terms.Min is { } min && one > 0 ? (int)Math.Min((min.Bytes - 1) / one + 1, Math.Clamp(terms.Max.Bytes / one, 1, int.MaxValue)) : 0;
        foreach (var key in keys) _classes[key] = new PoolClass(key) { Least = each };
    }

    private void Retarget(double now, long most)
    {
        var wanted = 0L;
        foreach (var one in _classes.Values) wanted += one.Retarget(now) * one.Key.Length;
        if (wanted <= most) return;
        var factor = (double)most / wanted;
        foreach (var one in _classes.Values) one.Scale(factor);
    }
}

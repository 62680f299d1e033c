using DmaHeap.Hosting.Lifetime;
using DmaHeap.Linux;
using Microsoft.Extensions.Logging;

namespace DmaHeap.Hosting.Memory.Pools;

/// <summary>Makes what pools want, one piece after the other, on a thread that leaves the processors to others. It sleeps while nothing is wanted and nothing is ready.</summary>
internal sealed class PoolFiller : IDisposable
{
    private const int Nice = 10;
    private const int Asleep = 0, Awake = 1;
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(1), s_patience = TimeSpan.FromSeconds(5);

    private readonly PagePools _pools;
    private readonly PageFiles _files;
    private readonly BufferWatches _watches;
    private readonly PoolRoom _room;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly ReusableDescriptor _made = new();
    private readonly AutoResetEvent _wanted = new(false);
    private readonly Lock _lock = new();
    private Thread? _thread;
    private volatile bool _stopping;
    private int _state;
    private long _allocatedBytes;

    public PoolFiller(PagePools pools, PageFiles files, BufferWatches watches, PoolRoom room, TimeProvider time, ILogger log)
    {
        (_pools, _files, _watches, _room, _time, _log) = (pools, files, watches, room, time, log);
    }

    /// <summary>Bytes that its thread had allocated on the managed heap when it had made a piece last.</summary>
    public long AllocatedBytes => Volatile.Read(ref _allocatedBytes);

    /// <summary>Has it look. Costs nothing while it is awake.</summary>
    public void Wake()
    {
        if (Volatile.Read(ref _state) == Awake || Interlocked.Exchange(ref _state, Awake) == Awake) return;
        EnsureThread();
        _wanted.Set();
    }

    /// <summary>Ends it, after the piece it is at.</summary>
    public void Dispose()
    {
        Thread? thread;
        lock (_lock)
        {
            _stopping = true;
            thread = _thread;
        }

        _wanted.Set();
        if (thread?.Join(s_patience) != false) _wanted.Dispose();
    }

    private void EnsureThread()
    {
        if (_thread is not null) return;
        lock (_lock)
        {
            if (_thread is not null || _stopping) return;
            _thread = new Thread(Run) { IsBackground = true, Name = "dmaheap pool filler" };
            _thread.Start();
        }
    }

    private void Run()
    {
        ThreadNice.TrySet(Nice);
        while (!_stopping)
        {
            Volatile.Write(ref _state, Awake);
            var isAll = Fill();
            foreach (var pool in _pools.All) pool.Trim();
            Volatile.Write(ref _state, Asleep);
            isAll = isAll && Fill(); // once more: whoever wanted something meanwhile found it awake
            if (_stopping) return;
            if (isAll && _pools.Pieces == 0 && !_pools.All.Any(pool => pool.HasLeast)) _wanted.WaitOne();
            else _wanted.WaitOne(s_look);
        }
    }

    // False where something that is wanted could not be made.
    private bool Fill()
    {
        var (isAll, isMore) = (true, true);
        while (isMore)
        {
            isMore = false;
            foreach (var pool in _pools.All)
            {
                if (_stopping) return isAll;
                if (pool.Wanted() is not { } wish) continue;
                if (TryMake(pool, in wish))
                {
                    isMore = true;
                    continue;
                }

                pool.Pause();
                isAll = false;
            }
        }

        return isAll;
    }

    private bool TryMake(PagePool pool, in PoolWish wish)
    {
        if (WhyNoRoom(in wish) is { } why) return NotFilled(pool, why);
        var key = wish.Key;
        var began = _time.GetTimestamp();
        try
        {
            var memory = Make(pool, in key);
            _room.Took(memory.Length);
            pool.Add(in key, memory, _time.GetElapsedTime(began));
            pool.NotFilled = null;
            Volatile.Write(ref _allocatedBytes, GC.GetAllocatedBytesForCurrentThread());
            return true;
        }
        catch (Exception exception) // nobody waits for it, and nothing that it meets is to end the host
        {
            return NotFilled(pool, exception.Message);
        }
    }

    // What is to be there in any case goes first: what others have by demand alone makes way for it, where that is enough; and one piece, where it is not memory that is missing.
    private string? WhyNoRoom(in PoolWish wish)
    {
        var why = _room.WhyNot(_pools.Pieces, wish.Key.Length);
        if (why is null || !wish.IsOwed) return why;
        var missing = Math.Max(1, _room.Missing(wish.Key.Length));
        if (missing > _pools.UnowedBytes) return why;
        _room.Gave(_pools.MakeWay(missing));
        return _room.WhyNot(_pools.Pieces, wish.Key.Length);
    }

    // In the end it has one description, which a client may get as it is: see ShownFile.
    private PageMemory Make(PagePool pool, in PoolKey key)
    {
        var memory = pool.NewPiece();
        try
        {
            var file = _files.Make(MemoryService.ShownName(pool.Heap, key.BufferName), key.Length, key.Choice, PageFill.Zeroed, _made);
            var watch = _watches.Reserve(_made);
            var errno = DescriptorReopen.TryOpen(_made, FileAccessMode.ReadWrite, closeOnExec: true, memory.File);
            if (errno != Errno.None)
            {
                _watches.GiveUp(watch);
                throw SystemRefusal.From(errno, "opening memory for a pool");
            }

            memory.Begin(in file, _watches, watch);
            return memory;
        }
        finally
        {
            _made.Clear();
        }
    }

    private bool NotFilled(PagePool pool, string why)
    {
        if (why == pool.NotFilled) return false; // told before
        pool.NotFilled = why;
        HostLog.PoolNotFilled(_log, pool.Heap, why);
        return false;
    }
}

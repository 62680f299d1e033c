using DmaHeap.Hosting.Heaps;
using DmaHeap.Hosting.Memory.Pools;
using DmaHeap.Hosting.Reclaim;

namespace DmaHeap.Hosting.Memory.Recycling;

/// <summary>What clients of one heap gave back, emptied and filled with zeros anew, each for its own trust domain. Thread-safe; nothing is closed under its lock.</summary>
internal sealed class RecycleStore(string heap, HeapStatistics statistics, TimeProvider time) : IReclaimable
{
    private const int MostPieces = 256;
    private const long MostBytes = 64L << 20;

    private readonly Lock _lock = new();
    private readonly LinkedList<Piece> _pieces = new(); // the newest first
    private volatile bool _isOn;
    private long _bytes;

    public string Name => $"recycled of {heap}";

    public string Heap => heap;

    public bool IsOn => _isOn;

    public long Bytes => Interlocked.Read(ref _bytes);

    public bool HasHugePages
    {
        get
        {
            lock (_lock) return _pieces.Any(piece => piece.Ticket.Key.Choice != PageChoice.Machine);
        }
    }

    public long Count() => Bytes;

    public int Pieces
    {
        get
        {
            lock (_lock) return _pieces.Count;
        }
    }

    /// <summary>Whether anything is kept from now on.</summary>
    public void Set(bool isOn)
    {
        _isOn = isOn;
        if (!isOn) Scan(long.MaxValue);
    }

    /// <summary>Whether a piece more would be kept.</summary>
    public bool HasRoomFor(long bytes)
    {
        lock (_lock) return _isOn && _pieces.Count < MostPieces && _bytes + bytes <= MostBytes;
    }

    /// <summary>A piece that the same domain gave back; null where there is none.</summary>
    public PageMemory? TryTake(TrustDomain domain, in PoolKey key)
    {
        if (!_isOn) return null;
        lock (_lock)
        {
            for (var node = _pieces.First; node is not null; node = node.Next)
            {
                if (node.Value.Ticket.Key != key || node.Value.Ticket.Domain != domain) continue;
                Remove(node);
                statistics.TookRecycled();
                return node.Value.Memory;
            }
        }

        return null;
    }

    /// <summary>Keeps a piece, or drops it where it is not wanted any more.</summary>
    public void Add(RecycleTicket ticket, PageMemory memory)
    {
        lock (_lock)
        {
            if (_isOn)
            {
                _pieces.AddFirst(new Piece(ticket, memory, time.GetTimestamp()));
                _bytes += memory.Length;
                return;
            }
        }

        memory.Dispose();
    }

    /// <summary>Drops the oldest pieces.</summary>
    /// <param name="bytes">How much is wanted.</param>
    /// <returns>Bytes dropped.</returns>
    public long Scan(long bytes) => Drop((_, dropped) => dropped < bytes);

    /// <summary>Drops what nobody came for.</summary>
    public void DropOlderThan(TimeSpan age) => Drop((piece, _) => time.GetElapsedTime(piece.Since) > age);

    private long Drop(Func<Piece, long, bool> isWanted)
    {
        List<PageMemory> gone = [];
        var dropped = 0L;
        lock (_lock)
        {
            while (_pieces.Last is { } last && isWanted(last.Value, dropped))
            {
                Remove(last);
                gone.Add(last.Value.Memory);
                dropped += last.Value.Memory.Length;
            }
        }

        foreach (var memory in gone) memory.Dispose();
        return dropped;
    }

    private void Remove(LinkedListNode<Piece> node)
    {
        _pieces.Remove(node);
        _bytes -= node.Value.Memory.Length;
    }

    private readonly record struct Piece(RecycleTicket Ticket, PageMemory Memory, long Since);
}

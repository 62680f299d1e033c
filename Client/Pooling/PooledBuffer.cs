using DmaHeap.Linux;

namespace DmaHeap.Client;

/// <summary>
/// A buffer of a pool with its mapping. Whose turn it is, is a number that each return takes on by one: so an old lease cannot touch what a later one has. While it is leased the pool has no
/// reference to it, so that one whose lease was forgotten is found by the collector.
/// </summary>
sealed class PooledBuffer(BufferPool pool, DmaBuffer buffer, DmaMapping? mapping)
{
    long _turn;

    ~PooledBuffer() => pool.Lost();

    public DmaBuffer Buffer => buffer;

    public DmaMapping? Mapping => mapping;

    /// <summary>False when a holder closed what was the pool's to close.</summary>
    public bool IsWhole => !buffer.Handle.IsClosed && mapping is not { IsClosed: true };

    /// <summary>For its next holder. Called by whoever alone has it.</summary>
    public BufferLease Lease() => new(this, Volatile.Read(ref _turn));

    public bool IsHeldIn(long turn) => Volatile.Read(ref _turn) == turn;

    /// <returns>False when the turn is over.</returns>
    public bool TryReturn(long turn, bool discard)
    {
        if (Interlocked.CompareExchange(ref _turn, turn + 1, turn) != turn) return false;
        pool.TakeBack(this, discard);
        GC.KeepAlive(this);
        return true;
    }

    /// <summary>Fills it with zeros.</summary>
    /// <returns>False when its heap does not let that happen.</returns>
    public bool TryScrub()
    {
        try
        {
            using (buffer.BeginCpuAccess(CpuAccessDirection.Write))
            {
                for (long done = 0, part; done < mapping!.Length; done += part)
                {
                    part = Math.Min(mapping.Length - done, 1 << 30);
                    mapping.Slice(done, (int)part).Clear();
                }
            }

            return true;
        }
        catch (Exception exception) when (exception is DmaHeapException or LinuxException or ObjectDisposedException)
        {
            return false;
        }
    }

    /// <summary>Ends it. Its memory lives on where somebody else has it.</summary>
    public void Dispose()
    {
        GC.SuppressFinalize(this);
        mapping?.Dispose();
        buffer.Dispose();
    }
}

namespace DmaHeap.Hosting.Policy;

/// <summary>Bytes promised to somebody, up to a limit that may change; a lower one takes nothing back. Safe from any thread.</summary>
/// <param name="limit">Most bytes; <see cref="long.MaxValue"/> for no limit.</param>
internal sealed class Account(long limit)
{
    private long _used;
    private long _limit = limit;

    public long Limit
    {
        get => Volatile.Read(ref _limit);
        set => Volatile.Write(ref _limit, value);
    }

    public long Used => Interlocked.Read(ref _used);

    public bool TryCharge(long bytes)
    {
        var used = Interlocked.Read(ref _used);
        while (true)
        {
            if (bytes > Limit - used) return false;
            var before = Interlocked.CompareExchange(ref _used, used + bytes, used);
            if (before == used) return true;
            used = before;
        }
    }

    public void Refund(long bytes) => Interlocked.Add(ref _used, -bytes);
}

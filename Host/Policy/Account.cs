namespace DmaHeap.Hosting.Policy;

/// <summary>Bytes promised to somebody, up to a limit. Safe from any thread.</summary>
/// <param name="limit">Most bytes; <see cref="long.MaxValue"/> for no limit.</param>
internal sealed class Account(long limit)
{
    private long _used;

    public long Limit { get; } = limit;

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

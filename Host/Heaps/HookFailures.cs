namespace DmaHeap.Hosting.Heaps;

/// <summary>The exceptions that left a heap's hooks: the last one in words, and whether they come so thick that the heap is broken. Thread-safe.</summary>
internal sealed class HookFailures(HeapFaultLimit limit)
{
    private readonly Lock _lock = new();
    private readonly Queue<long> _times = new();
    private HeapFaultLimit _limit = limit;
    private long _count;
    private LastFailure? _last;

    /// <summary>Since the heap started.</summary>
    public long Count => Interlocked.Read(ref _count);

    /// <summary>Null when there was none.</summary>
    public LastFailure? Last => Volatile.Read(ref _last);

    /// <summary>What is too thick, from now on; those that came before count by it as well, as far as they are remembered.</summary>
    public HeapFaultLimit Limit
    {
        get => Volatile.Read(ref _limit);
        set => Volatile.Write(ref _limit, value);
    }

    /// <summary>Notes one. True when they come too thick.</summary>
    public bool Add(string hook, string message, TimeProvider time)
    {
        var now = time.GetTimestamp();
        lock (_lock)
        {
            var (most, window) = Limit;
            _times.Enqueue(now);
            while (_times.Count > most) _times.Dequeue();
            Interlocked.Increment(ref _count);
            Volatile.Write(ref _last, new LastFailure(hook, message, time.GetUtcNow()));
            return _times.Count == most && time.GetElapsedTime(_times.Peek(), now) <= window;
        }
    }

    /// <summary>An exception in words: holding the exception itself would hold its plugin.</summary>
    internal sealed record LastFailure(string Hook, string Message, DateTimeOffset At);
}

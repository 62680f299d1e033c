namespace DmaHeap.Hosting.Heaps;

/// <summary>The exceptions that left a heap's hooks: the last one in words, and whether they come so thick that the heap is broken. Thread-safe.</summary>
internal sealed class HookFailures
{
    /// <summary>This many within <see cref="Window"/> are too many.</summary>
    public const int Most = 10;

    public static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly long[] _times = new long[Most];
    private long _count;
    private LastFailure? _last;

    /// <summary>Since the heap started.</summary>
    public long Count => Interlocked.Read(ref _count);

    /// <summary>Null when there was none.</summary>
    public LastFailure? Last => Volatile.Read(ref _last);

    /// <summary>Notes one. True when they come too thick.</summary>
    public bool Add(string hook, string message, TimeProvider time)
    {
        var now = time.GetTimestamp();
        lock (_lock)
        {
            var at = (int)(_count % Most);
            _times[_count % Most] = now;
            var isFull = ++_count >= Most;
            var oldest = _times[_count % Most];
            Volatile.Write(ref _last, new LastFailure(hook, message, time.GetUtcNow()));
            return isFull && time.GetElapsedTime(oldest, now) <= Window;
        }
    }

    /// <summary>An exception in words: holding the exception itself would hold its plugin.</summary>
    internal sealed record LastFailure(string Hook, string Message, DateTimeOffset At);
}

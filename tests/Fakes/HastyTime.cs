namespace DmaHeap.Tests.Fakes;

/// <summary>A clock that stands still, but for what somebody waits: that passes at once.</summary>
internal sealed class HastyTime : TimeProvider
{
    private readonly Lock _lock = new();
    private long _ticks;

    public TimeSpan Passed
    {
        get
        {
            lock (_lock) return new TimeSpan(_ticks);
        }
    }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Passed.Ticks;

    public override DateTimeOffset GetUtcNow() => new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero) + Passed;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        // What repeats is a watchdog, whose hour does not come.
        if (period != Timeout.InfiniteTimeSpan) return System.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        lock (_lock) _ticks += dueTime.Ticks;
        return System.CreateTimer(callback, state, TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }
}

using DmaHeap.Hosting.Memory;
using Microsoft.Extensions.Logging;

namespace DmaHeap.Hosting.Reclaim;

/// <summary>
/// Looks how much the machine and the host's control groups have left, those above its own included, since a neighbour may use up what is for both; and gives memory back before
/// the kernel has to kill somebody. As long as there is nothing to give, nothing is looked at. One look at a time.
/// </summary>
internal sealed class LimitWatch : IDisposable
{
    private static readonly TimeSpan s_idle = TimeSpan.FromSeconds(1), s_far = TimeSpan.FromMilliseconds(250), s_near = TimeSpan.FromMilliseconds(25), s_vain = TimeSpan.FromSeconds(5);

    private readonly Reclaimer _reclaimer;
    private readonly Func<IReadOnlyList<MemoryRoom>> _rooms;
    private readonly ILogger _log;
    private readonly ITimer _timer;
    private readonly Lock _lock = new();
    private int _isLooking;
    private bool _wasBlind;
    private bool _disposed;

    /// <param name="reclaimer">Gives it.</param>
    /// <param name="rooms">Reads what is left.</param>
    /// <param name="time">The host's clock.</param>
    /// <param name="log">The host's log.</param>
    public LimitWatch(Reclaimer reclaimer, Func<IReadOnlyList<MemoryRoom>> rooms, TimeProvider time, ILogger log)
    {
        (_reclaimer, _rooms, _log) = (reclaimer, rooms, log);
        _timer = time.CreateTimer(_ => LookAndGoOn(), null, s_idle, s_idle);
    }

    /// <summary>Looks once.</summary>
    /// <returns>When to look again.</returns>
    public TimeSpan Look()
    {
        if (!_reclaimer.HasSources) return s_idle;
        var rooms = _rooms();
        LimitMarks.Missing(rooms, out var isLow);
        if (!isLow) return rooms.Any(room => LimitMarks.IsNear(room)) ? s_near : s_far;
        return _reclaimer.Until(ReclaimReason.Limit, () => LimitMarks.Missing(_rooms(), out _), ReclaimScope.All).Given > 0 ? s_near : s_vain;
    }

    public void Dispose()
    {
        lock (_lock) _disposed = true;
        _timer.Dispose();
    }

    private void LookAndGoOn()
    {
        if (Interlocked.Exchange(ref _isLooking, 1) != 0) return; // it takes longer than until the next one
        var pause = s_vain;
        try
        {
            pause = Look();
            _wasBlind = false;
        }
        catch (Exception exception)
        {
            if (!_wasBlind) HostLog.LimitsNotSeen(_log, exception.Message);
            _wasBlind = true;
        }

        lock (_lock)
        {
            if (!_disposed) _timer.Change(pause, pause);
        }

        Volatile.Write(ref _isLooking, 0);
    }
}

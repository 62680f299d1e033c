using Microsoft.Extensions.Logging;

namespace DmaHeap.Hosting.Isolation;

/// <summary>
/// How much of what a worker logs goes into the host's log: a burst, and then so much a second; what is more is dropped, and a line a second says how many entries were. A plugin inside the
/// host is trusted with its log, one that was put into a process of its own is not. Thread-safe.
/// </summary>
internal sealed class WorkerLogLimit(string heap, TimeProvider time, ILogger log) : IDisposable
{
    public const int Burst = 256, EntriesASecond = 32, BurstCharacters = 128 << 10, CharactersASecond = 16 << 10;

    private static readonly TimeSpan s_telling = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private double _entries = Burst, _characters = BurstCharacters;
    private long _filled = time.GetTimestamp();
    private long _dropped;
    private ITimer? _telling;
    private bool _disposed;

    /// <summary>Whether an entry of so many characters is written. One that is not is counted.</summary>
    public bool Allows(int characters)
    {
        lock (_lock)
        {
            Fill();
            if (_entries >= 1 && _characters >= characters)
            {
                _entries--;
                _characters -= characters;
                return true;
            }

            _dropped++;
            if (!_disposed) _telling ??= time.CreateTimer(_ => Tell(), null, s_telling, Timeout.InfiniteTimeSpan);
            return false;
        }
    }

    /// <summary>Says what was dropped and not said yet.</summary>
    public void Dispose()
    {
        lock (_lock) _disposed = true;
        Tell();
    }

    private void Fill()
    {
        var now = time.GetTimestamp();
        var seconds = time.GetElapsedTime(_filled, now).TotalSeconds;
        _filled = now;
        _entries = Math.Min(Burst, _entries + (seconds * EntriesASecond));
        _characters = Math.Min(BurstCharacters, _characters + (seconds * CharactersASecond));
    }

    private void Tell()
    {
        long dropped;
        lock (_lock)
        {
            (dropped, _dropped) = (_dropped, 0);
            _telling?.Dispose();
            _telling = null;
        }

        if (dropped > 0) HostLog.WorkerLogDropped(log, heap, dropped);
    }
}

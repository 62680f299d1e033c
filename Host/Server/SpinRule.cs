using System.Diagnostics;

namespace DmaHeap.Hosting.Server;

/// <summary>
/// When a worker that has answered may look for the next request without sleeping: it saves a wake-up each round trip, and is paid for with a processor. Never for longer than the
/// limit, never on one processor, and only while workers have no more than half of the processors, so that those who have something to do come first. Thread-safe.
/// </summary>
/// <remarks>By the machine's own clock, not the host's: this is about wake-ups.</remarks>
internal sealed class SpinRule(int processors, TimeSpan most)
{
    /// <summary>What "auto" stands for. To wake a thread takes some 10 to 50 µs; a client that is busy for much longer than that is not worth waiting for.</summary>
    public static readonly TimeSpan Auto = TimeSpan.FromMicroseconds(100);

    /// <summary>No limit is longer.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(1);

    private readonly int _allowed = processors / 2;
    private long _most = Ticks(most);
    private int _busy;
    private long _spins;

    /// <summary>The limit; it changes as the configuration does.</summary>
    public TimeSpan Most
    {
        get => Stopwatch.GetElapsedTime(0, Volatile.Read(ref _most));
        set => Volatile.Write(ref _most, Ticks(value));
    }

    /// <summary>How often a worker has spun, in vain or not.</summary>
    public long Spins => Interlocked.Read(ref _spins);

    /// <summary>Whether a worker may go on that has nothing to do, or takes more than its turn.</summary>
    public bool HasRoom => Volatile.Read(ref _busy) <= _allowed;

    /// <summary>A worker has come to a connection.</summary>
    public void Came() => Interlocked.Increment(ref _busy);

    /// <summary>It has left.</summary>
    public void Left() => Interlocked.Decrement(ref _busy);

    /// <summary>Begins to spin, where that is worth it.</summary>
    public bool TryBegin(ClientRhythm rhythm, out Spin spin)
    {
        spin = default;
        var limit = Volatile.Read(ref _most);
        if (limit == 0 || !HasRoom) return false;
        var time = rhythm.Spin.SpinFor(limit);
        if (time == 0) return false;
        Interlocked.Increment(ref _spins);
        spin = new Spin(this, rhythm, time);
        return true;
    }

    private static long Ticks(TimeSpan time) => (long)(time.TotalSeconds * Stopwatch.Frequency);
}

/// <summary>One worker's spin.</summary>
internal readonly ref struct Spin(SpinRule rule, ClientRhythm rhythm, long time)
{
    private readonly long _began = Stopwatch.GetTimestamp();

    /// <summary>Whether to look once more.</summary>
    public bool GoesOn => Stopwatch.GetTimestamp() - _began < time && rule.HasRoom;

    /// <summary>Says how it went, for the next time.</summary>
    public void End(bool found)
    {
        var took = Stopwatch.GetTimestamp() - _began;
        if (found) rhythm.Spin.Paid(took);
        else if (took >= time) rhythm.Spin.Failed(); // one that made room for others says nothing of the client
    }
}

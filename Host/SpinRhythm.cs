namespace DmaHeap.Hosting;

/// <summary>
/// How soon the other end of a socket has answered so far: whether, and for how long, to wait for it awake before sleeping. A guess, so threads that share one may spoil it for each other, and
/// nothing but time is lost. Times are in any one unit.
/// </summary>
internal sealed class SpinRhythm
{
    private const int MostFailures = 10;

    private int _failures;
    private int _passes;
    private long _gap;

    /// <summary>How long to spin: some times as long as it took lately. 0 when that failed so often that it is passed over this time.</summary>
    /// <param name="most">The longest.</param>
    public long SpinFor(long most)
    {
        if (_passes == 0) return _gap == 0 ? most : Math.Min(most, 4 * _gap);
        _passes--;
        return 0;
    }

    /// <summary>It came.</summary>
    /// <param name="after">After how long.</param>
    public void Paid(long after)
    {
        _failures = _passes = 0;
        _gap = _gap == 0 ? after : Math.Max(1, _gap + (after - _gap) / 8);
    }

    /// <summary>It did not. Each failure in a row doubles how often it is passed over until the next attempt, up to a thousand times.</summary>
    public void Failed()
    {
        if (_failures < MostFailures) _failures++;
        _passes = (1 << _failures) - 1;
        _gap *= 2;
    }
}

namespace DmaHeap.Hosting.Server;

/// <summary>
/// How a client's requests have come so far: a worker that has answered one learns from it whether another is worth looking for before it sleeps. A guess, so two workers at one
/// connection may spoil it for each other, and nothing but time is lost.
/// </summary>
internal sealed class ClientRhythm
{
    private const int Trial = 16;
    private const int MostFailures = 10;

    private int _inOneGo;
    private int _answers;
    private int _failures;
    private int _passes;
    private long _gap;

    /// <summary>Whether to look once whether the next request is there already, before the event set is asked to tell. Clients that send several in one go make it worth a call.</summary>
    public bool IsWorthALook => Volatile.Read(ref _inOneGo) > 0 || (++_answers & (Trial - 1)) == 0;

    /// <summary>How such a look went.</summary>
    public void Looked(bool found) => _inOneGo = found ? Trial : Math.Max(0, _inOneGo - 1);

    /// <summary>How long to spin for the next request: some times as long as it took lately. 0 when that failed so often that it is passed over this time.</summary>
    /// <param name="most">The longest, in the same unit.</param>
    public long SpinFor(long most)
    {
        if (_passes == 0) return _gap == 0 ? most : Math.Min(most, 4 * _gap);
        _passes--;
        return 0;
    }

    /// <summary>It came.</summary>
    /// <param name="after">After how long.</param>
    public void SpinPaid(long after)
    {
        _failures = _passes = 0;
        _gap = _gap == 0 ? after : Math.Max(1, _gap + (after - _gap) / 8);
    }

    /// <summary>It did not. Each failure in a row doubles how many answers go by until the next attempt, up to a thousand.</summary>
    public void SpinFailed()
    {
        if (_failures < MostFailures) _failures++;
        _passes = (1 << _failures) - 1;
        _gap *= 2;
    }
}

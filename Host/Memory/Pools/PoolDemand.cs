namespace DmaHeap.Hosting.Memory.Pools;

/// <summary>
/// How many pieces of one kind are worth having ready, learnt from how they are taken: as many as went in the greatest burst of late, and as many as go while one is made. What is not
/// wanted any more is forgotten by half every half minute. Times are seconds of any clock that does not go back. Not thread-safe.
/// </summary>
internal struct PoolDemand
{
    private const double BurstSeconds = 0.1, RateHalfLife = 2, MemoryHalfLife = 30;

    // Whoever asked once need not come again.
    private const double Repeated = 1.5;

    private double _at, _rateCount, _remembered, _highest, _burstBegan, _refill;
    private int _inBurst;

    /// <summary>One was taken, or was asked for and not there.</summary>
    public void Took(double now)
    {
        Age(now);
        _rateCount++;
        _remembered++;
        if (_inBurst == 0 || now - _burstBegan > BurstSeconds) (_inBurst, _burstBegan) = (0, now);
        _inBurst++;
        _highest = Math.Max(_highest, _inBurst);
    }

    /// <summary>One was made, which took so long.</summary>
    public void Made(double seconds) => _refill = _refill == 0 ? seconds : 0.75 * _refill + 0.25 * seconds;

    /// <summary>How many to have.</summary>
    public int Target(double now)
    {
        Age(now);
        if (_remembered < Repeated) return 0;
        var perSecond = _rateCount * Math.Log(2) / RateHalfLife;
        return (int)Math.Min(int.MaxValue, Math.Round(Math.Max(_highest, 2 * perSecond * _refill), MidpointRounding.AwayFromZero));
    }

    private void Age(double now)
    {
        var passed = now - _at;
        if (passed < 0.01) return; // often: thousands of takes share one calculation
        _at = now;
        _rateCount *= Math.Pow(2, -passed / RateHalfLife);
        var kept = Math.Pow(2, -passed / MemoryHalfLife);
        _remembered *= kept;
        _highest *= kept;
    }
}

namespace DmaHeap.Heaps;

/// <summary>
/// Random numbers that depend on nothing but the seed, the rule and the number of the call: not on which thread was first, nor on what other rules draw.
/// </summary>
/// <param name="seed">The script's.</param>
internal readonly struct Draw(long seed)
{
    /// <summary>A number from 0 to below 1.</summary>
    /// <param name="rule">Which rule draws.</param>
    /// <param name="call">For which call of its hook.</param>
    /// <param name="which">Which of the rule's draws for the call.</param>
    public double Unit(int rule, long call, int which)
    {
        var bits = Mix(Mix(Mix(Mix((ulong)seed) + (ulong)rule) + (ulong)call) + (ulong)which);
        return (bits >> 11) * (1.0 / (1UL << 53));
    }

    /// <summary>How long a delay is.</summary>
    public TimeSpan Delay(FakeDelay delay, int rule, long call)
    {
        const int First = 1, Second = 2;
        var unit = 1 - Unit(rule, call, First); // above 0, for the logarithm
        var ticks = delay.Distribution switch
        {
            FakeDistribution.Fixed => delay.Time!.Value.Ticks,
            FakeDistribution.Uniform => delay.From!.Value.Ticks + (unit * (delay.To!.Value - delay.From.Value).Ticks),
            FakeDistribution.Exponential => delay.Mean!.Value.Ticks * -Math.Log(unit),
            _ => delay.Mean!.Value.Ticks + (delay.Deviation!.Value.Ticks * Math.Sqrt(-2 * Math.Log(unit)) * Math.Cos(2 * Math.PI * Unit(rule, call, Second))),
        };
        var most = delay.Distribution is FakeDistribution.Exponential or FakeDistribution.Normal ? (delay.AtMost ?? delay.Mean!.Value * 10).Ticks : long.MaxValue;
        return new TimeSpan((long)Math.Clamp(ticks, 0, most));
    }

    // The finalizer of SplitMix64: every bit of the input reaches every bit of the output.
    private static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}

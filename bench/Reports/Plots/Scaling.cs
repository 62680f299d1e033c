namespace DmaHeap.Bench;

/// <summary>Where a value lies along an axis, and which values are written beside it.</summary>
sealed class Scaling
{
    readonly bool _logarithmic;
    readonly double _low, _high;

    Scaling(bool logarithmic, double low, double high, IReadOnlyList<double> ticks)
    {
        (_logarithmic, _low, _high) = (logarithmic, Place(logarithmic, low), Place(logarithmic, high));
        Ticks = ticks;
    }

    public IReadOnlyList<double> Ticks { get; }

    /// <summary>Along: from the first value to the last; where they are few, each is a tick.</summary>
    public static Scaling Along(Axis axis, IEnumerable<double> values)
    {
        const int MostTicks = 11;
        var sorted = values.Distinct().Order().ToList();
        if (!axis.Logarithmic || sorted.Count is 0 or > MostTicks) return Around(axis, sorted);
        return sorted.Count == 1 ? new(true, sorted[0] / 2, sorted[0] * 2, sorted) : new(true, sorted[0], sorted[^1], sorted);
    }

    /// <summary>Up: round values beneath and above all.</summary>
    public static Scaling Around(Axis axis, IEnumerable<double> values)
    {
        var all = values.DefaultIfEmpty(1).ToList();
        var ticks = axis.Logarithmic ? LogarithmicTicks(all.Where(value => value > 0).DefaultIfEmpty(1)) : LinearTicks(all.Max());
        return new(axis.Logarithmic, ticks[0], ticks[^1], ticks);
    }

    /// <summary>0 at the first tick, 1 at the last.</summary>
    public double Of(double value) => Math.Clamp((Place(_logarithmic, value) - _low) / (_high - _low), 0, 1);

    static double Place(bool logarithmic, double value) => logarithmic ? Math.Log10(Math.Max(value, double.Epsilon)) : value;

    static List<double> LinearTicks(double most)
    {
        var step = RoundUp(Math.Max(most, 1e-9) / 5);
        return [.. Enumerable.Range(0, (int)Math.Ceiling((most / step) - 1e-9) + 1).Select(i => i * step)];
    }

    // 1, 2 and 5 of each decade where there are few decades, else 1.
    static List<double> LogarithmicTicks(IEnumerable<double> values)
    {
        var all = values.ToList();
        int first = (int)Math.Floor(Math.Log10(all.Min())), last = (int)Math.Ceiling(Math.Log10(all.Max()));
        if (last == first) last++;
        double[] digits = last - first <= 2 ? [1, 2, 5] : [1];
        var ticks = Enumerable.Range(first, last - first).SelectMany(decade => digits.Select(digit => digit * Math.Pow(10, decade))).Append(Math.Pow(10, last)).ToList();
        var low = ticks.FindLastIndex(tick => tick <= all.Min() * (1 + 1e-9));
        var high = ticks.FindIndex(tick => tick >= all.Max() * (1 - 1e-9));
        return ticks[low..(Math.Max(high, low + 1) + 1)];
    }

    static double RoundUp(double step)
    {
        var decade = Math.Pow(10, Math.Floor(Math.Log10(step)));
        return decade * ((step / decade) switch { <= 1 + 1e-9 => 1, <= 2 + 1e-9 => 2, <= 5 + 1e-9 => 5, _ => 10 });
    }
}

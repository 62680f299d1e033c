namespace DmaHeap.Bench;

/// <summary>Times of a trip in nanoseconds: the median, and what one in a hundred exceeds.</summary>
readonly record struct TripTimes(double P50, double P99)
{
    /// <summary>The median of each figure.</summary>
    public static TripTimes Median(IEnumerable<TripTimes> times)
    {
        var all = times.ToList();
        return new(Medians.Of(all.Select(t => t.P50)), Medians.Of(all.Select(t => t.P99)));
    }

    /// <summary>Of single times, which are sorted by this.</summary>
    public static TripTimes Of(Span<double> nanoseconds)
    {
        nanoseconds.Sort();
        return new(nanoseconds[nanoseconds.Length / 2], nanoseconds[nanoseconds.Length - 1 - (nanoseconds.Length / 100)]);
    }

    public static TripTimes operator /(TripTimes times, double by) => new(times.P50 / by, times.P99 / by);
}

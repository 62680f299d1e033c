namespace DmaHeap.Bench;

/// <summary>How often something was done in each slice of time, by one who never pauses.</summary>
sealed record Sustained(TimeSpan Slice, IReadOnlyList<int> Counts)
{
    /// <summary>Where the rate settles, a second: the median of the later half.</summary>
    public double Settled => Medians.Of(Rates.Skip(Counts.Count / 2));

    /// <summary>The rate in the first slice, with all that was kept ready.</summary>
    public double First => Rates.First();

    IEnumerable<double> Rates => Counts.Select(count => count / Slice.TotalSeconds);

    public Line ToLine(string name) => new(name, [.. Rates.Select((rate, i) => new CurvePoint(i * Slice.TotalSeconds, rate))]);
}

namespace DmaHeap.Heaps;

/// <summary>How long a call takes: the same each time, or drawn by the script's seed.</summary>
public sealed class FakeDelay : ICheckedOptions
{
    /// <summary>How it is drawn.</summary>
    [Option("How it is drawn: fixed (time), uniform (from, to), exponential (mean) or normal (mean, deviation).", Default = "fixed")]
    public FakeDistribution Distribution { get; init; }

    /// <summary>The fixed time.</summary>
    [Option("Fixed: how long.", Maximum = "1d")]
    public TimeSpan? Time { get; init; }

    /// <summary>Shortest.</summary>
    [Option("Uniform: the shortest.", Maximum = "1d")]
    public TimeSpan? From { get; init; }

    /// <summary>Longest.</summary>
    [Option("Uniform: the longest.", Maximum = "1d")]
    public TimeSpan? To { get; init; }

    /// <summary>Mean.</summary>
    [Option("Exponential and normal: the mean.", Maximum = "1d")]
    public TimeSpan? Mean { get; init; }

    /// <summary>Standard deviation.</summary>
    [Option("Normal: the standard deviation. What would be less than nothing is nothing.", Maximum = "1d")]
    public TimeSpan? Deviation { get; init; }

    /// <summary>Cuts off what is drawn.</summary>
    [Option("Exponential and normal: never longer than this. Left out, ten times the mean.", Maximum = "1d")]
    public TimeSpan? AtMost { get; init; }

    /// <inheritdoc/>
    public IEnumerable<OptionError> Check()
    {
        var name = Distribution == FakeDistribution.Exponential ? "an exponential" : $"a {Distribution.ToString().ToLowerInvariant()}";
        var needed = Needed(Distribution);
        foreach (var (property, given) in new[] { (nameof(Time), Time), (nameof(From), From), (nameof(To), To), (nameof(Mean), Mean), (nameof(Deviation), Deviation) })
        {
            if (given is null && needed.Contains(property)) yield return new(property, $"is missing: {name} delay has {Keys(needed)}");
            if (given is not null && !needed.Contains(property)) yield return new(property, $"is not for {name} delay, which has {Keys(needed)}");
        }

        if (AtMost is not null && Distribution is (FakeDistribution.Fixed or FakeDistribution.Uniform)) yield return new(nameof(AtMost), $"{name} delay is bounded as it is");
        if (To <= From) yield return new(nameof(To), "must be longer than \"from\"");
        if (Mean == TimeSpan.Zero) yield return new(nameof(Mean), "must be longer than nothing");
        if (Deviation == TimeSpan.Zero) yield return new(nameof(Deviation), "must be more than nothing; a delay without any is fixed");
        if (AtMost < Mean) yield return new(nameof(AtMost), "must not be shorter than the mean");
    }

    private static string[] Needed(FakeDistribution distribution) => distribution switch
    {
        FakeDistribution.Fixed => [nameof(Time)],
        FakeDistribution.Uniform => [nameof(From), nameof(To)],
        FakeDistribution.Exponential => [nameof(Mean)],
        _ => [nameof(Mean), nameof(Deviation)],
    };

    private static string Keys(string[] properties) => string.Join(" and ", properties.Select(property => $"\"{property.ToLowerInvariant()}\""));
}

/// <summary>How a delay is drawn.</summary>
public enum FakeDistribution
{
    /// <summary>The same each time.</summary>
    Fixed,

    /// <summary>Anything between two times, all alike.</summary>
    Uniform,

    /// <summary>Mostly short, now and then long: what queues do.</summary>
    Exponential,

    /// <summary>About the mean.</summary>
    Normal,
}

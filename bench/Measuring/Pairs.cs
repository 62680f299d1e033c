namespace DmaHeap.Bench;

/// <summary>Two sides measured in turn, and the median of the ratios of each pair: a slow moment of the machine meets both.</summary>
sealed record Pairs(TripTimes Ours, TripTimes Theirs, double Ratio, double RatioP99)
{
    public static Pairs Measure(int rounds, Func<TripTimes> ours, Func<TripTimes> theirs)
    {
        var pairs = new List<(TripTimes Our, TripTimes Their)>();
        for (var i = 0; i < rounds; i++)
        {
            var their = theirs();
            pairs.Add((ours(), their));
        }

        return new(
            TripTimes.Median(pairs.Select(pair => pair.Our)), TripTimes.Median(pairs.Select(pair => pair.Their)),
            Medians.Of(pairs.Select(pair => pair.Our.P50 / pair.Their.P50)), Medians.Of(pairs.Select(pair => pair.Our.P99 / pair.Their.P99)));
    }

    /// <summary>The row that they come to.</summary>
    /// <param name="work">What was done.</param>
    /// <param name="against">Whose the other side is.</param>
    /// <param name="p50">What the ratio of the medians has to be at most; null where it is for information.</param>
    /// <param name="p99">The same of what one in a hundred exceeds; null where nothing is asked of it.</param>
    /// <param name="note">How it was measured, where that is not plain.</param>
    public Result ToResult(string work, string against, double? p50, double? p99 = null, string note = "") => new(work)
    {
        Ours = Side.Of("", Ours),
        Against = [Side.Of(against, Theirs)],
        Figures = p99 is { } limit
            ? [Figure.Ratio(Ratio, AtMost(p50), "p50"), Figure.Ratio(RatioP99, AtMost(limit), "p99")]
            : [Figure.Ratio(Ratio, AtMost(p50))],
        Note = note,
    };

    static Target? AtMost(double? value) => value is { } most ? Target.AtMost(most) : null;
}

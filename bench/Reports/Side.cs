namespace DmaHeap.Bench;

/// <summary>What was measured of one side of a comparison.</summary>
/// <param name="Name">Whose it is: <c>C broker</c>. Empty where the row's title says it.</param>
/// <param name="Median">The median, or the one value there is.</param>
/// <param name="Unit">What it counts.</param>
/// <param name="P99">What one in a hundred exceeds; null where that was not asked.</param>
sealed record Side(string Name, double Median, Unit Unit, double? P99 = null)
{
    public static Side Of(string name, TripTimes times) => new(name, times.P50, Unit.Time, times.P99);

    public override string ToString()
    {
        var values = P99 is { } p99 ? $"p50 {Unit.Show(Median)}, p99 {Unit.Show(p99)}" : Unit.Show(Median);
        return Name.Length == 0 ? values : $"{Name}: {values}";
    }
}

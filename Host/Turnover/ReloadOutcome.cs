using System.Globalization;

namespace DmaHeap.Hosting;

/// <summary>What became of a reload. Immutable.</summary>
/// <param name="At">When.</param>
/// <param name="Refusal">All the reasons why it was refused, one a line; null when it was applied.</param>
public sealed record ReloadOutcome(DateTimeOffset At, string? Refusal)
{
    /// <summary>Heaps that are new.</summary>
    public int Added { get; init; }

    /// <summary>Heaps that were taken out.</summary>
    public int Removed { get; init; }

    /// <summary>Heaps that were started anew, for their plugin or their options changed.</summary>
    public int Replaced { get; init; }

    /// <summary>Heaps that go on by other terms: names, limits, access.</summary>
    public int Changed { get; init; }

    /// <summary>Heaps that were not touched.</summary>
    public int Unchanged { get; init; }

    /// <summary>Whether anything was done.</summary>
    public bool IsDifferent => Added + Removed + Replaced + Changed > 0;

    /// <summary>In one line, for people.</summary>
    public override string ToString() => Refusal is not null
        ? $"refused: {Refusal}"
        : string.Create(CultureInfo.InvariantCulture, $"{Added} added, {Removed} removed, {Replaced} replaced, {Changed} changed, {Unchanged} unchanged");
}

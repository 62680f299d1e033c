namespace DmaHeap.Hosting.Configuration;

/// <summary>How much memory is kept ready for a heap's next buffers. Immutable.</summary>
public sealed class PoolConfiguration : ICheckedOptions, IEquatable<PoolConfiguration>
{
    /// <summary>Most bytes of a pool that does not say.</summary>
    public const long DefaultMax = 64L << 20;

    private const int MostSizes = 16;

    /// <summary>Bytes kept ready whether they are wanted or not; null for none.</summary>
    [Option("Bytes to keep ready at all times, spread over the sizes, as many buffers of each. Needs sizes.", Minimum = "4KiB")]
    public ByteSize? Min { get; init; }

    /// <summary>Most bytes in the pool.</summary>
    [Option("Most bytes in the pool.", Default = "64MiB", Minimum = "4KiB")]
    public ByteSize Max { get; init; } = new(DefaultMax);

    /// <summary>The only lengths it has; empty for those that are asked for.</summary>
    [Option("The only lengths to keep ready, each rounded up to whole pages; those that are asked for when left out.", Default = "[]", Minimum = "4KiB")]
    public ByteSize[] Sizes { get; init; } = [];

    /// <inheritdoc/>
    public IEnumerable<OptionError> Check()
    {
        if (Min?.Bytes > Max.Bytes) yield return new(nameof(Min), $"{Min} is more than the most there may be, {Max}");
        if (Min is not null && Sizes.Length == 0) yield return new(nameof(Min), "what to keep ready is not said: give \"sizes\" as well");
        if (Sizes.Length > MostSizes) yield return new(nameof(Sizes), $"{Sizes.Length} sizes are more than the {MostSizes} there may be");
        foreach (var size in Sizes.Where(size => size.Bytes > Max.Bytes)) yield return new(nameof(Sizes), $"{size} does not fit into a pool of {Max}");
        if (Sizes.Distinct().Count() < Sizes.Length) yield return new(nameof(Sizes), "the same size stands here twice");
        if (Min is not null && Sizes.All(size => size.Bytes <= Max.Bytes) && Sizes.Sum(size => (decimal)size.Bytes) > Max.Bytes)
            yield return new(nameof(Sizes), $"one buffer of each size does not fit into a pool of {Max}");
    }

    /// <inheritdoc/>
    public bool Equals(PoolConfiguration? other) => other is not null && Min == other.Min && Max == other.Max && Sizes.SequenceEqual(other.Sizes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as PoolConfiguration);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Min, Max, Sizes.Length);
}

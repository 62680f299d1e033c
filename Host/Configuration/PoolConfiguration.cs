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
    /// <remarks>What lengths come to in a heap's pages, and which of them the limits allow, is known of the heap alone.</remarks>
    public IEnumerable<OptionError> Check()
    {
        if (Min?.Bytes > Max.Bytes) yield return new(nameof(Min), $"{Min} is more than the most there may be, {Max}");
        if (Min is not null && Sizes.Length == 0) yield return new(nameof(Min), "what to keep ready is not said: give \"sizes\" as well");
        if (Sizes.Length > MostSizes) yield return new(nameof(Sizes), $"{Sizes.Length} sizes are more than the {MostSizes} there may be");
    }

    /// <inheritdoc/>
    public bool Equals(PoolConfiguration? other) => other is not null && Min == other.Min && Max == other.Max && Sizes.SequenceEqual(other.Sizes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as PoolConfiguration);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Min, Max, Sizes.Length);
}

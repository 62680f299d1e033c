namespace DmaHeap.Hosting.Configuration;

/// <summary>Limits on memory, of one heap or of the whole host. Immutable.</summary>
public sealed record LimitsConfiguration : ICheckedOptions
{
    /// <summary>Most bytes all buffers together may have; null for none of its own (of the host: it chooses).</summary>
    [Option("Most bytes all buffers together may have. Left out over the whole host: half of the machine's memory or of the cgroup's limit, whichever is less.", Minimum = "4KiB")]
    public ByteSize? Total { get; init; }

    /// <summary>Most bytes one buffer may have; null for no limit.</summary>
    [Option("Most bytes one buffer may have.", Minimum = "4KiB")]
    public ByteSize? LargestBuffer { get; init; }

    /// <summary>Most bytes the buffers of one user may have together; null for no limit.</summary>
    [Option("Most bytes the buffers of one user may have together.", Minimum = "4KiB")]
    public ByteSize? PerUser { get; init; }

    /// <inheritdoc/>
    public IEnumerable<OptionError> Check()
    {
        if (LargestBuffer?.Bytes > Total?.Bytes) yield return new(nameof(LargestBuffer), $"{LargestBuffer} is more than the total of {Total}");
        if (PerUser?.Bytes > Total?.Bytes) yield return new(nameof(PerUser), $"{PerUser} is more than the total of {Total}");
    }
}

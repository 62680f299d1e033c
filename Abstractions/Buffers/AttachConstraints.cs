namespace DmaHeap;

/// <summary>What an importer can take, like a device's <c>dma_parms</c>. Immutable; members may be added.</summary>
public sealed record AttachConstraints
{
    /// <summary>Anything goes.</summary>
    public static AttachConstraints None { get; } = new();

    /// <summary>Alignment every segment's start needs, in bytes: 0 for none, else a power of two.</summary>
    public long Alignment { get; init; }

    /// <summary>Longest segment in bytes; 0 for no limit.</summary>
    public long MaxSegmentBytes { get; init; }

    /// <summary>Most segments; 0 for no limit.</summary>
    public int MaxSegments { get; init; }

    /// <summary>True when the memory must be physically contiguous.</summary>
    public bool Contiguous { get; init; }

    /// <summary>Whether the CPU may cache the memory.</summary>
    public ImporterCaching Caching { get; init; }

    /// <summary>Checks these constraints against memory.</summary>
    /// <param name="memory">The memory that would be mapped.</param>
    /// <exception cref="HeapException">EINVAL, <see cref="HeapCause.ConstraintsNotMet"/>: says which constraint, and what would fit.</exception>
    public void ThrowIfNotMetBy(IHeapMemory memory)
    {
        ArgumentNullException.ThrowIfNull(memory);
        if (Alignment > memory.PageSize)
        {
            throw NotMet($"an alignment of {Text(Alignment)} was asked for; the memory is aligned to {Text(memory.PageSize)}, so that or less would fit");
        }

        if (Caching == ImporterCaching.Uncached)
        {
            throw NotMet("uncached memory was asked for; the memory of this buffer is cached");
        }

        if (Contiguous && memory.Length > memory.PageSize)
        {
            throw NotMet($"contiguous memory was asked for; the host vouches for runs of {Text(memory.PageSize)} and the buffer has {Text(memory.Length)}, so a buffer of one page would fit");
        }

        if (MaxSegmentBytes <= 0) return;
        var step = SegmentStep(memory);
        if (step == 0)
        {
            throw NotMet($"segments of at most {Text(MaxSegmentBytes)} cannot each start at a multiple of {Text(Alignment)}; at least {Text(Alignment)} would fit");
        }

        var needed = (memory.Length - 1) / step + 1;
        if (MaxSegments > 0 && needed > MaxSegments)
        {
            throw NotMet($"{MaxSegments} segments of at most {Text(MaxSegmentBytes)} cannot hold {Text(memory.Length)}; {needed} segments of {Text(step)} would");
        }
    }

    /// <summary>
    /// Bytes of each segment when memory is cut for these constraints: the longest segment, rounded down so that the next one starts at a page where that can be
    /// (a descriptor is mapped by whole pages), and at a multiple of <see cref="Alignment"/> in any case.
    /// </summary>
    /// <param name="memory">The memory that would be cut.</param>
    /// <returns>The memory's whole length when there is no limit; 0 when the longest segment is shorter than the alignment.</returns>
    public long SegmentStep(IHeapMemory memory)
    {
        ArgumentNullException.ThrowIfNull(memory);
        if (MaxSegmentBytes <= 0 || MaxSegmentBytes >= memory.Length) return memory.Length;
        var unit = MaxSegmentBytes >= memory.PageSize ? memory.PageSize : Math.Max(1, Alignment);
        return MaxSegmentBytes - MaxSegmentBytes % unit;
    }

    private static HeapException NotMet(string sentence) => new(HeapErrno.Invalid, HeapCause.ConstraintsNotMet, sentence);

    private static string Text(long bytes) => new ByteSize(bytes).ToText();
}

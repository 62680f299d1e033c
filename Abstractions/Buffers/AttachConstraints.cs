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

    /// <summary>Checks these constraints against memory.</summary>
    /// <param name="memory">The memory that would be mapped.</param>
    /// <exception cref="HeapException">EINVAL, <see cref="HeapCause.ConstraintsNotMet"/>: says which constraint, and what would fit.</exception>
    public void ThrowIfNotMetBy(IHeapMemory memory)
    {
        ArgumentNullException.ThrowIfNull(memory);
        if (Alignment > memory.PageSize)
        {
            throw NotMet($"alignment of {Text(Alignment)} was asked for; the memory is aligned to {Text(memory.PageSize)}");
        }

        if (Contiguous && memory.Length > memory.PageSize)
        {
            throw NotMet($"contiguous memory was asked for; the host vouches for runs of {Text(memory.PageSize)} and the buffer has {Text(memory.Length)}");
        }

        if (MaxSegmentBytes > 0 && MaxSegments > 0 && (memory.Length - 1) / MaxSegmentBytes >= MaxSegments)
        {
            throw NotMet($"{MaxSegments} segments of at most {Text(MaxSegmentBytes)} cannot hold {Text(memory.Length)}");
        }
    }

    private static HeapException NotMet(string sentence) => new(HeapErrno.Invalid, HeapCause.ConstraintsNotMet, sentence);

    private static string Text(long bytes) => new ByteSize(bytes).ToText();
}

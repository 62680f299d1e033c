namespace DmaHeap.Client;

/// <summary>How a <see cref="BufferPool"/> works. Immutable: make one and use it again.</summary>
public sealed record BufferPoolOptions
{
    /// <summary>At most 16 buffers, made when they are first needed, kept mapped, and not scrubbed.</summary>
    public static BufferPoolOptions Default { get; } = new();

    /// <summary>Most buffers there are at a time, leased and idle together; at least 1.</summary>
    public int Capacity { get; init; } = 16;

    /// <summary>How many buffers are made with the pool, in as few requests as carry them: 0 to <see cref="Capacity"/>.</summary>
    public int Prewarm { get; init; }

    /// <summary>
    /// Whether a buffer is filled with zeros when it is returned, on the thread that returns it (some 30 µs a MiB). Without it the next holder finds what the last one left; the memory is
    /// this process's own either way. Needs <see cref="KeepMapped"/>.
    /// </summary>
    public bool Scrub { get; init; }

    /// <summary>Whether each buffer is mapped once, for as long as the pool has it. Without it, as for opaque buffers, leases have no mapping.</summary>
    public bool KeepMapped { get; init; } = true;

    /// <summary>Whether a buffer's pages are faulted in when it is made, so that no holder waits for them: as in <see cref="DmaBuffer.Map(FileAccess, bool?)"/>.</summary>
    public bool? Populate { get; init; }

    /// <summary>Name of the buffers, at most 31 bytes of UTF-8.</summary>
    public string Name { get; init; } = "";

    /// <summary>How many importers will attach to each buffer before memory is needed; 0 when unknown.</summary>
    public uint ExpectedImporters { get; init; }

    /// <summary>Alignment of the buffers in bytes: 0 for none, else a power of two.</summary>
    public long Alignment { get; init; }

    /// <summary>Most segments the importers that will attach can take; 0 for no limit.</summary>
    public uint MaxSegments { get; init; }

    internal DmaAllocationOptions ForAllocation() => new() { Name = Name, ExpectedImporters = ExpectedImporters, Alignment = Alignment, MaxSegments = MaxSegments };

    internal void ThrowIfSenseless()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Capacity, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(Prewarm);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Prewarm, Capacity);
        if (Scrub && !KeepMapped) throw new ArgumentException($"{nameof(Scrub)} needs {nameof(KeepMapped)}: what is not mapped cannot be filled with zeros.", nameof(Scrub));
    }
}

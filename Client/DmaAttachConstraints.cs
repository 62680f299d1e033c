namespace DmaHeap.Client;

/// <summary>Which way an importer moves data, numbered as the kernel's <c>enum dma_data_direction</c>.</summary>
public enum DmaDirection
{
    /// <summary>Both ways.</summary>
    Bidirectional = 0,

    /// <summary>From memory to the device: the importer reads.</summary>
    ToDevice = 1,

    /// <summary>From the device to memory: the importer writes.</summary>
    FromDevice = 2,
}

/// <summary>What an importer needs of the CPU's cache.</summary>
public enum DmaCaching
{
    /// <summary>It does not matter.</summary>
    Any = 0,

    /// <summary>It needs memory that the CPU may cache.</summary>
    Cached = 1,

    /// <summary>It needs memory that no cache stands before.</summary>
    Uncached = 2,
}

/// <summary>What an importer can take, like a device's <c>dma_parms</c>. Immutable; members may be added.</summary>
public sealed record DmaAttachConstraints
{
    /// <summary>Anything goes.</summary>
    public static DmaAttachConstraints None { get; } = new();

    /// <summary>Alignment every segment's start needs, in bytes: 0 for none, else a power of two.</summary>
    public long Alignment { get; init; }

    /// <summary>Longest segment in bytes; 0 for no limit.</summary>
    public long MaxSegmentBytes { get; init; }

    /// <summary>Most segments; 0 for no limit.</summary>
    public int MaxSegments { get; init; }

    /// <summary>True when the memory must be physically contiguous.</summary>
    public bool Contiguous { get; init; }

    /// <summary>Whether the CPU may cache the memory.</summary>
    public DmaCaching Caching { get; init; }
}

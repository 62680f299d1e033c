namespace DmaHeap;

/// <summary>What a heap asks of the memory service for page-backed memory. Construct it with an object initializer; members may be added.</summary>
public readonly struct PageRequest
{
    /// <summary>A request; <see cref="Length"/> is to be set.</summary>
    public PageRequest()
    {
    }

    /// <summary>Bytes; positive. Rounded up to whole pages.</summary>
    public required long Length { get; init; }

    /// <summary>Page size in bytes: 0 for the machine's own, or one of <see cref="MemoryCapabilities.HugePages"/> (those are always committed).</summary>
    public long PageSize { get; init; }

    /// <summary>When the pages are taken from the system.</summary>
    public CommitPolicy Commit { get; init; } = CommitPolicy.Lazy;
}

namespace DmaHeap.Hosting;

/// <summary>Limits over all heaps, in bytes. Immutable.</summary>
public sealed record HostLimits
{
    /// <summary>All buffers alive together. The default, 0, stands for half of what the machine or the host's cgroup has, whichever is less.</summary>
    public long Total { get; init; }

    /// <summary>One buffer.</summary>
    public long LargestBuffer { get; init; } = long.MaxValue;

    /// <summary>All buffers one user allocated.</summary>
    public long PerUser { get; init; } = long.MaxValue;
}

/// <summary>Limits of one heap, in bytes. Immutable.</summary>
public sealed record HeapLimits
{
    /// <summary>All buffers of the heap alive together.</summary>
    public long Total { get; init; } = long.MaxValue;

    /// <summary>One buffer.</summary>
    public long LargestBuffer { get; init; } = long.MaxValue;

    /// <summary>All buffers one user allocated from the heap.</summary>
    public long PerUser { get; init; } = long.MaxValue;
}

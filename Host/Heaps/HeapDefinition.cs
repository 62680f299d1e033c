using DmaHeap.Hosting.Configuration;
using DmaHeap.Hosting.Heaps;

namespace DmaHeap.Hosting;

/// <summary>A heap to be served: what the configuration says of it, or a program that embeds the host. Immutable.</summary>
public sealed record HeapDefinition
{
    /// <summary>Name under <c>/dev/dma_heap</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Further names it opens by.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>Creates the heap; called before anything is published, once for each time it is started. The host disposes what it returns.</summary>
    public required Func<IHeapContext, IHeap> Create { get; init; }

    /// <summary>Where it comes from, for people.</summary>
    public string Plugin { get; init; } = "";

    /// <summary>What it promises.</summary>
    public HeapCapabilities Capabilities { get; init; }

    /// <summary>Who may use it; null for the host's user and root.</summary>
    public AccessRule? Access { get; init; }

    /// <summary>How much it may hand out.</summary>
    public HeapLimits Limits { get; init; } = new();

    /// <summary>When memory is taken from the system.</summary>
    public CommitPolicy Commit { get; init; } = CommitPolicy.Lazy;

    /// <summary>The pages of memory it takes from the host without naming a size.</summary>
    public HeapPages Pages { get; init; }

    /// <summary>What is kept ready for its next buffers; null for nothing.</summary>
    public PoolConfiguration? Pool { get; init; }

    /// <summary>Whether buffers that are given back are used again.</summary>
    public HeapRecycling Recycle { get; init; }

    /// <summary>Whether the CPU may cache its buffers.</summary>
    public bool Cached { get; init; } = true;

    /// <summary>
    /// How long one call of a buffer's op may take; beyond it the heap is faulted and its thread counted as lost. Positive. Allocations are not bounded: a heap may make its
    /// callers wait.
    /// </summary>
    public TimeSpan OpTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How many exceptions of its hooks, and how soon after each other, fault it.</summary>
    public HeapFaultLimit Faults { get; init; } = HeapFaultLimit.Default;

    /// <summary>True when the host does not start without it; false to list it as unavailable instead.</summary>
    public bool Required { get; init; } = true;

    /// <summary>What it was made of, when a configuration said it; null for a heap of a program's own.</summary>
    internal HeapSource? Source { get; init; }

    /// <summary>The same, with nothing left that leads to a plugin.</summary>
    internal HeapDefinition WithoutPlugin() => this with { Create = static _ => throw new InvalidOperationException("The heap has ended."), Source = null };

    /// <summary>The same with a share of its own in the plugin, to start the heap once more.</summary>
    internal HeapDefinition Again() => Source is null ? this : this with { Source = Source with { Lease = Source.Lease?.Again() } };

    /// <summary>Gives its share in the plugin back.</summary>
    internal void ReturnPlugin() => Source?.Lease?.Dispose();
}

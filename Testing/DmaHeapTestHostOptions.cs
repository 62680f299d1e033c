using DmaHeap.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace DmaHeap.Testing;

/// <summary>How a <see cref="DmaHeapTestHost"/> is set up. Immutable.</summary>
public sealed record DmaHeapTestHostOptions
{
    /// <summary>The heaps, each made by its factory when the host starts.</summary>
    public required IReadOnlyList<HeapDefinition> Heaps { get; init; }

    /// <summary>True to listen on a socket of its own in a new private folder, so that clients can connect; the folder goes with the host.</summary>
    public bool Listen { get; init; }

    /// <summary>Limits over all heaps; by default half of the machine's memory.</summary>
    public HostLimits Limits { get; init; } = new();

    /// <summary>Where the host logs; nowhere unless given.</summary>
    public ILoggerFactory Logging { get; init; } = NullLoggerFactory.Instance;

    /// <summary>The clock of host and heaps, which may stand still: buffers are released on the kernel's word, not by the clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>How long a stopping host waits for the kernel's word that buffers which were just let go of are gone.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);

    internal Hosting.Allocation.IAllocationProbe Probe { get; init; } = Hosting.Allocation.NoProbe.Instance;
}

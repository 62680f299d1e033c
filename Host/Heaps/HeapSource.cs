using DmaHeap.Hosting.Configuration;

namespace DmaHeap.Hosting.Heaps;

/// <summary>What a heap was made of: enough to tell whether another plan wants the very same heap.</summary>
/// <param name="Configuration">What the file said; null for a heap of a program's own.</param>
/// <param name="Lease">The share in its plugin; null when that could not be loaded.</param>
/// <param name="Swap">Who stands in for it; null when it is its own plugin's.</param>
internal sealed record HeapSource(HeapConfiguration? Configuration, PluginLease? Lease, HeapSwap? Swap = null)
{
    /// <summary>True when the same code would run with the same options: the heap that runs can stay.</summary>
    public bool IsSameHeapAs(HeapSource other)
    {
        if (Lease is null || other.Lease is null || !Lease.IsOfSamePlugin(other.Lease) || Swap != other.Swap) return false;
        return Swap is not null
            || (Configuration!.Type == other.Configuration!.Type && RunsLike(other.Configuration) && JsonTreeNode.SameValue(Configuration.Options, other.Configuration.Options));
    }

    // A worker is held to its time by the heap that has it.
    private bool RunsLike(HeapConfiguration other) =>
        Configuration!.Isolation == other.Isolation && (other.Isolation == HeapIsolation.None || Configuration.OpTimeout == other.OpTimeout);
}

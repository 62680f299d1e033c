using DmaHeap.Hosting.Configuration;

namespace DmaHeap.Hosting.Heaps;

/// <summary>What a configured heap was made of: enough to tell whether another configuration wants the very same heap.</summary>
/// <param name="Configuration">What the file said.</param>
/// <param name="Lease">The share in its plugin; null when that could not be loaded.</param>
internal sealed record HeapSource(HeapConfiguration Configuration, PluginLease? Lease)
{
    /// <summary>True when the same code would run with the same options: the heap that runs can stay.</summary>
    public bool IsSameHeapAs(HeapSource other) =>
        Lease is not null && other.Lease is not null
        && Lease.IsOfSamePlugin(other.Lease)
        && Configuration.Type == other.Configuration.Type
        && JsonTreeNode.SameValue(Configuration.Options, other.Configuration.Options);
}

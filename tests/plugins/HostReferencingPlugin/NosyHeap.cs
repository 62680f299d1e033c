using DmaHeap;
using DmaHeap.Plugins;
using HostReferencingPlugin;

[assembly: HeapType(typeof(NosyHeap))]

namespace HostReferencingPlugin;

public sealed class NosyHeap(IHeapContext context) : Heap<HeapBuffer>
{
    /// <summary>A type of another room in a public signature: the control of the rule for the contract.</summary>
    public PluginLoaderOptions? LoaderOptions { get; init; }

    protected override HeapBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken) =>
        throw new HeapException(HeapErrno.NoMemory, "nosy", $"{context.Name}: {LoaderOptions}");
}

namespace DmaHeap.KernelAbi.Nodes;

/// <summary>/dev/dma_heap, as the program sees it.</summary>
/// <param name="way">How.</param>
/// <param name="nodes">What its files stand for.</param>
internal abstract class ShownDirectory(DirectoryWay way, NodeTable nodes) : IDisposable
{
    public DirectoryWay Way => way;

    public NodeTable Nodes => nodes;

    public abstract void Dispose();
}

/// <summary>The kernel's own, with which we have nothing to do.</summary>
internal sealed class KernelsDirectory() : ShownDirectory(DirectoryWay.Kernel, new NodeTable())
{
    public override void Dispose()
    {
    }
}

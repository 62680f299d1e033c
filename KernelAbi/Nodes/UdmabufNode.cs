namespace DmaHeap.KernelAbi.Nodes;

/// <summary>/dev/udmabuf, which makes buffers of a program's own memory. Ours is shown where the kernel has none.</summary>
internal static class UdmabufNode
{
    public const string Path = "/dev/udmabuf";

    public static bool KernelHasIt => File.Exists(Path);
}

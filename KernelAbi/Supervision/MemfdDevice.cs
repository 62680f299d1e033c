using DmaHeap.KernelAbi.Nodes;
using DmaHeap.Linux;

namespace DmaHeap.KernelAbi.Supervision;

/// <summary>What holds memfds on ordinary pages. Their inode numbers are 64 bits wide and count up: none comes twice. Those of memfds on huge pages do.</summary>
internal static class MemfdDevice
{
    private static readonly FileKey s_device = Find();

    public static bool Holds(in FileStatus status) => Holds(FileKey.Of(in status));

    public static bool Holds(FileKey file) => file with { Inode = 0 } == s_device;

    private static FileKey Find()
    {
        using var memfd = Memfd.Create("dmaheap", MemfdFlags.CloseOnExec);
        return FileKey.Of(FileStatus.Of(memfd)) with { Inode = 0 };
    }
}

using DmaHeap.Linux;

namespace DmaHeap.KernelAbi.Nodes;

/// <summary>Names a file while it lives: its device and inode number.</summary>
internal readonly record struct FileKey(uint DeviceMajor, uint DeviceMinor, ulong Inode)
{
    public static FileKey Of(in FileStatus status) => new(status.DeviceMajor, status.DeviceMinor, status.Inode);
}

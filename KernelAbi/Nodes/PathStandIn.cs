using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.KernelAbi.Nodes;

/// <summary>
/// What a program gets for a node opened with O_PATH where calls are answered: the kernel lets nobody install a descriptor of that kind. A file is opened for neither reading nor writing, and
/// marked by a flag that means nothing to it; a directory, which that cannot be done to, for reading.
/// </summary>
internal static class PathStandIn
{
    public static Errno TryOpen(string path, int flags, out SafeFileHandle file)
    {
        var without = flags & ~(PathCalls.PathOnly | (int)FileAccessMode.IoctlOnly);
        var errno = PathCalls.TryOpen(path, without | (int)FileAccessMode.IoctlOnly | DescriptorFlags.Append, out file);
        if (errno != Errno.EISDIR) return errno;
        file.Dispose();
        return PathCalls.TryOpen(path, without, out file);
    }

    /// <summary>Whether a descriptor is one opened with O_PATH, or stands for one.</summary>
    public static bool IsPathOnly(SafeFileHandle file)
    {
        const int Marks = (int)FileAccessMode.IoctlOnly | DescriptorFlags.Append;
        return DescriptorFlags.IsPathOnly(file) || (DescriptorFlags.GetStatusFlags(file) & Marks) == Marks;
    }
}

using System.Globalization;
using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.KernelAbi.Nodes;

/// <summary>Directories held by a descriptor, so that what is mounted over them later does not hide them from us.</summary>
internal static class DirectoryHandle
{
    /// <exception cref="LinuxException">ENOENT, ENOTDIR, EACCES.</exception>
    public static SafeFileHandle Open(string path)
    {
        PathDescriptor.TryOpen(path, out var handle).ThrowIfFailed("open", path);
        return handle;
    }

    /// <summary>A path that leads to the directory for as long as the handle is open.</summary>
    public static string PathOf(SafeFileHandle directory) =>
        string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{directory.DangerousGetHandle()}");
}

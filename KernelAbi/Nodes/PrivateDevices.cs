using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.KernelAbi.Nodes;

/// <summary>
/// A /dev of the program's own, for systems whose /dev has no directory that ours could be mounted on: one made there would be seen by all and outlive us. It shows the system's files,
/// each bound where it was, so that they stay the very same; a device that the system adds later at the top of /dev is not seen.
/// </summary>
internal static class PrivateDevices
{
    private const string Devices = "/dev";

    // Looks for the directory "pts" beside its own name, which a bound file has none of: it is made anew.
    private const string TerminalMaster = "ptmx";
    private const uint TerminalMasterMajor = 5, TerminalMasterMinor = 2;
    /// <summary>Covers /dev. The calling thread has a mount namespace of its own.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public static void Cover()
    {
        using var system = DirectoryHandle.Open(Devices);
        var root = DirectoryHandle.PathOf(system);
        MountNamespace.TryMountMemory(Devices, "mode=755", programs: true).ThrowIfFailed("mount", Devices);
        foreach (var entry in new DirectoryInfo(root + "/").EnumerateFileSystemInfos()) Show(entry, Path.Join(Devices, entry.Name), system);
    }

    private static void Show(FileSystemInfo entry, string target, SafeFileHandle system)
    {
        var source = Path.Join(DirectoryHandle.PathOf(system), entry.Name);
        if (entry.LinkTarget is { } link)
        {
            File.CreateSymbolicLink(target, link);
            return;
        }

        if (entry.Name == TerminalMaster && DeviceNode.TryMakeCharacter(target, HeapDirectory.NodeMode, TerminalMasterMajor, TerminalMasterMinor) == Errno.None)
        {
            File.SetUnixFileMode(target, HeapDirectory.NodeMode);
            return;
        }

        if (entry is DirectoryInfo) Directory.CreateDirectory(target);
        else File.Create(target).Dispose();
        var errno = MountNamespace.TryBind(source, target);
        // Gone since it was listed: then it is not there in ours either.
        if (errno == Errno.ENOENT) return;
        errno.ThrowIfFailed("mount", target);
    }
}

using System.Runtime.InteropServices;

namespace DmaHeap.Linux;

/// <summary>Device files: <c>mknod(2)</c>. Thread-safe.</summary>
public static unsafe partial class DeviceNode
{
    internal const uint CharacterType = 0x2000;

    /// <summary>Makes a file that stands for a character device.</summary>
    /// <param name="path">Its name.</param>
    /// <param name="permissions">Its permission bits, of which the process's umask takes some away.</param>
    /// <param name="major">The device's major number, below 4096.</param>
    /// <param name="minor">The device's minor number, below 256.</param>
    /// <returns>EPERM without CAP_MKNOD, EEXIST, ENOENT, EACCES, EROFS.</returns>
    public static Errno TryMakeCharacter(string path, UnixFileMode permissions, uint major, uint minor)
    {
        var device = (long)(((major & 0xFFF) << 8) | (minor & 0xFF));
        fixed (byte* name = CString.From(path))
            return ErrnoGuard.Of(syscall(SyscallTable.Current.MakeNodeAt, FileStatusCalls.WorkingDirectory, name, CharacterType | (uint)permissions, device));
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial long syscall(long number, long directory, byte* path, long mode, long device);
}

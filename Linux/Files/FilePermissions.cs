using System.Runtime.InteropServices;

namespace DmaHeap.Linux;

/// <summary>The permission bits of an open file: <c>fchmod(2)</c>. Thread-safe.</summary>
public static partial class FilePermissions
{
    /// <summary>Sets the permission bits; a memfd has 0777 until then, and whoever may open it may reopen it for writing.</summary>
    /// <param name="file">A file of the caller's.</param>
    /// <param name="mode">The bits; the umask plays no part.</param>
    /// <returns>EPERM for a file of another user, EBADF for an O_PATH descriptor.</returns>
    public static Errno TrySet(SafeHandle file, UnixFileMode mode)
    {
        using var fd = new BorrowedDescriptor(file);
        return ErrnoGuard.Of(fchmod(fd.Number, (uint)mode));
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fchmod(int fd, uint mode);
}

using System.Runtime.InteropServices;

namespace DmaHeap.Linux;

/// <summary>Names in the file system, where the errno matters: <c>unlink(2)</c>, <c>mkdir(2)</c> and <c>rmdir(2)</c>. Thread-safe.</summary>
public static unsafe partial class FileNames
{
    /// <summary>Removes a name that is no directory's; a symbolic link itself, not its target.</summary>
    /// <param name="path">The name.</param>
    /// <returns>ENOENT where there is none, EISDIR, EACCES, EROFS.</returns>
    public static Errno TryUnlink(string path)
    {
        fixed (byte* pointer = CString.From(path)) return ErrnoGuard.Of(unlink(pointer));
    }

    /// <summary>Makes one directory.</summary>
    /// <param name="path">Its name; the parent exists.</param>
    /// <param name="mode">Its permission bits, of which the process's umask takes some away.</param>
    /// <returns>EEXIST where the name is taken (by anything), ENOENT, EACCES, EROFS.</returns>
    public static Errno TryMakeDirectory(string path, UnixFileMode mode)
    {
        fixed (byte* pointer = CString.From(path)) return ErrnoGuard.Of(mkdir(pointer, (uint)mode));
    }

    /// <summary>Removes an empty directory.</summary>
    /// <param name="path">Its name.</param>
    /// <returns>ENOTEMPTY, ENOENT, ENOTDIR, EACCES, EROFS.</returns>
    public static Errno TryRemoveDirectory(string path)
    {
        fixed (byte* pointer = CString.From(path)) return ErrnoGuard.Of(rmdir(pointer));
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int rmdir(byte* path);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int unlink(byte* path);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int mkdir(byte* path, uint mode);
}

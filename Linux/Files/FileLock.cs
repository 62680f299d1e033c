using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Linux;

/// <summary>An exclusive advisory lock: <c>flock(2)</c>. It belongs to the open description and goes with its last descriptor. Thread-safe.</summary>
public static unsafe partial class FileLock
{
    internal const int Exclusive = 2;
    internal const int NonBlocking = 4;

    /// <summary>Opens a file, made where there is none, and takes the lock without waiting.</summary>
    /// <remarks>Not by way of <see cref="File"/>: that takes a shared lock on every file it opens, so that two processes starting together
    /// could each keep the other from the exclusive one.</remarks>
    /// <param name="path">The file; no symbolic link.</param>
    /// <param name="mode">The permission bits of a new file, less the umask.</param>
    /// <param name="file">Holds the lock until disposed by the caller; invalid on failure.</param>
    /// <returns>EAGAIN where another description holds a lock, ELOOP (a symbolic link), ENOENT, EACCES, EROFS.</returns>
    public static Errno TryAcquire(string path, UnixFileMode mode, out SafeFileHandle file)
    {
        int fd;
        fixed (byte* pointer = CString.From(path))
            fd = open(pointer, OpenFlags.ReadWrite | OpenFlags.Create | OpenFlags.CloseOnExec | OpenFlags.NoFollow, (uint)mode);
        var errno = ErrnoGuard.Of(fd);
        file = new SafeFileHandle(fd, ownsHandle: true);
        if (errno != Errno.None) return errno;
        errno = TryLockExclusive(file);
        if (errno == Errno.None) return errno;
        file.Dispose();
        file = new SafeFileHandle();
        return errno;
    }

    /// <summary>Takes the lock without waiting, on a file that is open. A shared lock the runtime took when it opened it is traded for this one.</summary>
    /// <param name="file">The file to lock; keep it open for as long as the lock is wanted.</param>
    /// <returns>EAGAIN (EWOULDBLOCK) where another description holds a lock.</returns>
    public static Errno TryLockExclusive(SafeFileHandle file)
    {
        using var fd = new BorrowedDescriptor(file);
        return ErrnoGuard.Of(flock(fd.Number, Exclusive | NonBlocking));
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int open(byte* path, int flags, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int flock(int fd, int operation);
}

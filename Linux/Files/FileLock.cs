using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Linux;

/// <summary>An exclusive advisory lock: <c>flock(2)</c>. It belongs to the open description and goes with its last descriptor.</summary>
public static partial class FileLock
{
    internal const int Exclusive = 2;
    internal const int NonBlocking = 4;

    /// <summary>Takes the lock without waiting.</summary>
    /// <param name="file">The file to lock; keep it open for as long as the lock is wanted.</param>
    /// <returns>EAGAIN (EWOULDBLOCK) where another description holds a lock.</returns>
    public static Errno TryLockExclusive(SafeFileHandle file)
    {
        using var fd = new BorrowedDescriptor(file);
        return ErrnoGuard.Of(flock(fd.Number, Exclusive | NonBlocking));
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int flock(int fd, int operation);
}

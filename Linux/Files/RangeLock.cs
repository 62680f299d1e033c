using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Linux;

/// <summary>
/// An exclusive advisory lock on part of a file: an open file description's own (<c>F_OFD_SETLK</c>), so that it stands against other processes and against other
/// descriptions of this one, and goes with the description. Thread-safe.
/// </summary>
public static unsafe partial class RangeLock
{
    internal const int SetOwn = 37;
    internal const short Write = 1;

    /// <summary>Takes the lock without waiting.</summary>
    /// <param name="file">A file open for writing.</param>
    /// <param name="offset">First byte.</param>
    /// <param name="length">Bytes, above 0.</param>
    /// <returns>EAGAIN where another description has a lock on any of these bytes; ENOLCK.</returns>
    public static Errno TryAcquire(SafeFileHandle file, long offset, long length)
    {
        using var fd = new BorrowedDescriptor(file);
        var wanted = new RangeLockRequest { Type = Write, Start = offset, Length = length };
        return ErrnoGuard.Of(fcntl(fd.Number, SetOwn, (nint)(&wanted)));
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(int fd, int command, nint argument);
}

/// <summary>struct flock of the 64-bit architectures. The offset counts from the file's start, and no process is named.</summary>
[StructLayout(LayoutKind.Sequential)]
struct RangeLockRequest
{
    public short Type;
    public short Whence;
    public long Start;
    public long Length;
    public int ProcessId;
}

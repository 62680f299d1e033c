using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Linux;

/// <summary>
/// A write lease (<c>F_SETLEASE</c>) as a question: is this the only description of the file that can read or write? Mappings and descriptors in flight count with the description they
/// are of. Not counted: descriptions of O_PATH, and of access mode 3. Thread-safe.
/// </summary>
public static partial class WriteLease
{
    internal const int SetSignal = 10;
    internal const int SetCommand = 1024;
    internal const int WriteKind = 1;
    internal const int NoKind = 2;

    // Who opens a leased file meanwhile has its holder told by SIGIO, which ends the process: by this one instead, which is ignored unless somebody asks for it.
    internal const int Urgent = 23;

    /// <summary>Takes the lease and gives it up at once.</summary>
    /// <param name="file">A description of the caller's own file, which nobody else shall have afterwards: it keeps a signal and an owner.</param>
    /// <returns>EAGAIN where another description is open; EINVAL where this file cannot be leased; EACCES for a file of another user.</returns>
    public static Errno TryProbe(SafeFileHandle file)
    {
        using var fd = new BorrowedDescriptor(file);
        var errno = ErrnoGuard.Of(fcntl(fd.Number, SetSignal, Urgent));
        if (errno == Errno.None) errno = ErrnoGuard.Of(fcntl(fd.Number, SetCommand, WriteKind));
        if (errno == Errno.None) errno = ErrnoGuard.Of(fcntl(fd.Number, SetCommand, NoKind));
        return errno;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(int fd, int command, nint argument);
}

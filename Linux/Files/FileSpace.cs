using System.Runtime.InteropServices;

namespace DmaHeap.Linux;

/// <summary>The length of a file and the storage behind it. Offsets and lengths are bytes. Thread-safe.</summary>
public static partial class FileSpace
{
    internal const int KeepSize = 0x1;
    internal const int Punch = 0x2;
    internal const int SeekEnd = 2;
    internal const int SeekData = 3;

    /// <summary>Sets the length: <c>ftruncate(2)</c>.</summary>
    /// <param name="file">A file open for writing.</param>
    /// <param name="length">The new length.</param>
    /// <returns>EINVAL, EPERM (sealed), EFBIG.</returns>
    public static Errno TrySetLength(SafeHandle file, long length)
    {
        using var fd = new BorrowedDescriptor(file);
        return ErrnoGuard.Of(ftruncate(fd.Number, length));
    }

    /// <summary>Commits storage, growing the file where needed: <c>fallocate(2)</c>, mode 0. Restarted when a signal interrupts it.</summary>
    /// <remarks>The pages are charged to the caller's cgroup. Past its limit the process is killed, it gets no error: look at
    /// <see cref="ControlGroups"/> first.</remarks>
    /// <param name="file">A file open for writing.</param>
    /// <param name="offset">Where the range starts.</param>
    /// <param name="length">How long it is, above 0.</param>
    /// <returns>ENOMEM or ENOSPC (nothing left), EPERM (sealed), EINVAL.</returns>
    public static Errno TryAllocate(SafeHandle file, long offset, long length) => Fallocate(file, 0, offset, length);

    /// <summary>Gives the storage of a range back; it then reads as zeros. The length stays.</summary>
    /// <param name="file">A file open for writing.</param>
    /// <param name="offset">Where the range starts.</param>
    /// <param name="length">How long it is, above 0.</param>
    /// <returns>EPERM (sealed against writing), EINVAL.</returns>
    public static Errno TryPunchHole(SafeHandle file, long offset, long length) => Fallocate(file, Punch | KeepSize, offset, length);

    /// <summary>Moves the file offset to the end and returns it, which also works for a dma-buf.</summary>
    /// <param name="file">A file that can seek.</param>
    /// <param name="length">The length; on failure -1.</param>
    /// <returns>ESPIPE for a socket or pipe.</returns>
    public static Errno TrySeekEnd(SafeHandle file, out long length)
    {
        using var fd = new BorrowedDescriptor(file);
        length = lseek(fd.Number, 0, SeekEnd);
        return ErrnoGuard.Of(length);
    }

    /// <summary>Finds the first page a sparse file has storage for; moves the file offset, also of others who share the open file.</summary>
    /// <param name="file">A file whose file system knows its holes, such as a memfd.</param>
    /// <param name="from">Where to start looking.</param>
    /// <param name="offset">Where there is one; -1 when it fails.</param>
    /// <returns>ENXIO: there is none.</returns>
    public static Errno TryFindData(SafeHandle file, long from, out long offset)
    {
        using var fd = new BorrowedDescriptor(file);
        offset = lseek(fd.Number, from, SeekData);
        return ErrnoGuard.Of(offset);
    }

    static Errno Fallocate(SafeHandle file, int mode, long offset, long length)
    {
        using var fd = new BorrowedDescriptor(file);
        Errno errno;
        do errno = ErrnoGuard.Of(fallocate(fd.Number, mode, offset, length));
        while (errno == Errno.EINTR);
        return errno;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ftruncate(int fd, long length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fallocate(int fd, int mode, long offset, long length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial long lseek(int fd, long offset, int whence);
}

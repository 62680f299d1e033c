using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Linux;

/// <summary>Opens a descriptor's file anew through <c>/proc/self/fd/N</c>: a description of its own, with its own access mode and
/// offset. Thread-safe.</summary>
public static unsafe partial class DescriptorReopen
{
    /// <summary>Opens the file anew. Nothing managed is allocated but the handle.</summary>
    /// <param name="file">The file; its own access mode does not matter, its permission bits do.</param>
    /// <param name="mode">The access mode of the new description.</param>
    /// <param name="closeOnExec">Whether exec closes the new descriptor.</param>
    /// <param name="reopened">The caller's to dispose; invalid on failure.</param>
    /// <returns>EACCES, EMFILE, ENFILE, ENXIO for a file that cannot be opened (secret memory, a dma-buf, a socket).</returns>
    public static Errno TryOpen(SafeHandle file, FileAccessMode mode, bool closeOnExec, out SafeFileHandle reopened)
    {
        var errno = Open(file, mode, closeOnExec, out var result);
        reopened = new SafeFileHandle(result, ownsHandle: true);
        return errno;
    }

    /// <summary>Opens the file anew. Nothing managed is allocated.</summary>
    /// <param name="file">As in the other form, and so with <paramref name="mode"/>, <paramref name="closeOnExec"/> and what is returned.</param>
    /// <param name="mode">The access mode of the new description.</param>
    /// <param name="closeOnExec">Whether exec closes the new descriptor.</param>
    /// <param name="reopened">Where it goes, empty until then, and after a failure.</param>
    public static Errno TryOpen(SafeHandle file, FileAccessMode mode, bool closeOnExec, ReusableDescriptor reopened)
    {
        ArgumentNullException.ThrowIfNull(reopened);
        var errno = Open(file, mode, closeOnExec, out var result);
        reopened.Fill(result);
        return errno;
    }

    static Errno Open(SafeHandle file, FileAccessMode mode, bool closeOnExec, out int result)
    {
        using var fd = new BorrowedDescriptor(file);
        Span<byte> path = stackalloc byte[CString.MaxDescriptorPath];
        CString.WriteDescriptorPath(fd.Number, path);
        fixed (byte* pointer = path) result = open(pointer, (int)mode | (closeOnExec ? OpenFlags.CloseOnExec : 0), 0);
        return ErrnoGuard.Of(result);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int open(byte* path, int flags, uint mode);
}

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
    public static Errno TryOpen(SafeFileHandle file, FileAccessMode mode, bool closeOnExec, out SafeFileHandle reopened)
    {
        using var fd = new BorrowedDescriptor(file);
        Span<byte> path = stackalloc byte[CString.MaxDescriptorPath];
        CString.WriteDescriptorPath(fd.Number, path);
        int result;
        fixed (byte* pointer = path) result = open(pointer, (int)mode | (closeOnExec ? OpenFlags.CloseOnExec : 0), 0);
        reopened = new SafeFileHandle(result, ownsHandle: true);
        return ErrnoGuard.Of(result);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int open(byte* path, int flags, uint mode);
}

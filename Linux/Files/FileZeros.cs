using System.Runtime.InteropServices;

namespace DmaHeap.Linux;

/// <summary>Fills part of a file with zeros that are there: written, not punched out, so that room that is missing is an error here and no SIGBUS later. Thread-safe.</summary>
public static unsafe partial class FileZeros
{
    const int Chunk = 1 << 20;

    // In no process's pages until it is read, and then the one page of zeros.
    static readonly byte[] s_zeros = new byte[Chunk];

    /// <summary>With <c>pwrite(2)</c>: for regular files and block devices. Restarted when a signal interrupts it.</summary>
    /// <param name="file">A file open for writing.</param>
    /// <param name="offset">First byte.</param>
    /// <param name="length">Bytes.</param>
    /// <returns>ENOSPC, EDQUOT, EIO; EINVAL for a file on hugetlbfs, which has no write.</returns>
    public static Errno TryWrite(SafeHandle file, long offset, long length)
    {
        using var fd = new BorrowedDescriptor(file);
        fixed (byte* zeros = s_zeros)
        {
            while (length > 0)
            {
                var written = pwrite(fd.Number, zeros, (nuint)Math.Min(length, Chunk), offset);
                var errno = ErrnoGuard.Of(written);
                if (errno == Errno.EINTR) continue;
                if (errno != Errno.None) return errno;
                if (written == 0) return Errno.EIO; // the file became shorter, or there is nothing behind it
                offset += written;
                length -= written;
            }
        }

        return Errno.None;
    }

    /// <summary>Through a mapping: for files without write. The storage must be there (<see cref="FileSpace.TryAllocate"/>), or the process gets SIGBUS.</summary>
    /// <param name="file">A file open for reading and writing.</param>
    /// <param name="offset">First byte, a multiple of the file's page size.</param>
    /// <param name="length">Bytes, a multiple of the file's page size.</param>
    /// <returns>ENOMEM, ENODEV, EINVAL.</returns>
    public static Errno TryClearMapped(SafeHandle file, long offset, long length)
    {
        var errno = MemoryMapping.TryMap(file, offset, length, MapProtection.Read | MapProtection.Write, populate: false, alignment: 0, out var mapping);
        if (errno != Errno.None) return errno;
        using (mapping)
        {
            for (var at = 0L; at < length; at += Chunk) mapping!.Slice(at, (int)Math.Min(Chunk, length - at)).Clear();
        }

        return Errno.None;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint pwrite(int fd, byte* buffer, nuint length, long offset);
}

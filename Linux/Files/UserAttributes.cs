using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Linux;

/// <summary>Extended attributes that a file's users set (<c>user.*</c>). Thread-safe.</summary>
public static unsafe partial class UserAttributes
{
    const int MostBytes = 4096;

    /// <summary>Whether the file has any. True also where there are too many names to look at.</summary>
    /// <param name="file">An open file.</param>
    public static bool Exist(SafeFileHandle file)
    {
        using var fd = new BorrowedDescriptor(file);
        Span<byte> names = stackalloc byte[MostBytes];
        nint length;
        fixed (byte* pointer = names) length = flistxattr(fd.Number, pointer, MostBytes);
        if (length < 0) return ErrnoGuard.Last != Errno.EOPNOTSUPP;
        names = names[..(int)length];
        return names.StartsWith("user."u8) || names.IndexOf("\0user."u8) >= 0;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint flistxattr(int fd, byte* names, nuint size);
}

using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Linux;

/// <summary>What <c>fstatfs(2)</c> says of the file system a file is on.</summary>
public readonly record struct FileSystemStatus
{
    internal const long HugePagesMagic = 0x958458F6;

    internal FileSystemStatus(in StatfsBuffer raw)
    {
        IsHugePages = raw.Type == HugePagesMagic;
        BlockSize = raw.BlockSize;
    }

    /// <summary>Whether it is hugetlbfs, whose files consist of huge pages and have no write.</summary>
    public bool IsHugePages { get; }

    /// <summary>Bytes of its blocks; on hugetlbfs those of its pages.</summary>
    public long BlockSize { get; }

    /// <summary>Asks.</summary>
    /// <param name="file">An open file.</param>
    /// <param name="status">The answer.</param>
    /// <returns>EIO, ENOSYS.</returns>
    public static Errno TryGet(SafeFileHandle file, out FileSystemStatus status) => FileSystemCalls.TryGet(file, out status);
}

/// <summary>The first fields of struct statfs; the rest is reserved here.</summary>
[StructLayout(LayoutKind.Sequential, Size = 120)]
struct StatfsBuffer
{
    public long Type;
    public long BlockSize;
}

static unsafe partial class FileSystemCalls
{
    public static Errno TryGet(SafeFileHandle file, out FileSystemStatus status)
    {
        using var fd = new BorrowedDescriptor(file);
        StatfsBuffer raw = default;
        Errno errno;
        do errno = ErrnoGuard.Of(fstatfs(fd.Number, &raw));
        while (errno == Errno.EINTR);
        status = new FileSystemStatus(in raw);
        return errno;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fstatfs(int fd, StatfsBuffer* buffer);
}

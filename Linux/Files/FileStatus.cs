using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Linux;

/// <summary>What <c>statx(2)</c> says of an open file. (statx, not fstat: its struct is the same on every architecture.)</summary>
public readonly record struct FileStatus
{
    const int TypeMask = 0xF000;

    internal FileStatus(in StatxBuffer raw)
    {
        DeviceMajor = raw.DevMajor;
        DeviceMinor = raw.DevMinor;
        Inode = raw.Inode;
        Length = (long)raw.Size;
        Blocks = (long)raw.Blocks;
        RawMode = raw.Mode;
        UserId = raw.Uid;
        GroupId = raw.Gid;
        NodeMajor = raw.RdevMajor;
        NodeMinor = raw.RdevMinor;
    }

    /// <summary>The major number of the device that holds the file.</summary>
    public uint DeviceMajor { get; }

    /// <summary>The minor number of the device that holds the file.</summary>
    public uint DeviceMinor { get; }

    /// <summary>The inode number, unique on its device while the file lives.</summary>
    public ulong Inode { get; }

    /// <summary>The length in bytes.</summary>
    public long Length { get; }

    /// <summary>The storage in use, in units of 512 bytes.</summary>
    public long Blocks { get; }

    /// <summary>The type and permission bits, as in <c>st_mode</c>.</summary>
    public int RawMode { get; }

    /// <summary>The permission bits.</summary>
    public UnixFileMode Permissions => (UnixFileMode)(RawMode & 0xFFF);

    /// <summary>The owner.</summary>
    public uint UserId { get; }

    /// <summary>The owning group.</summary>
    public uint GroupId { get; }

    /// <summary>The major number of the device that this file is a node of; 0 for a file that is none.</summary>
    public uint NodeMajor { get; }

    /// <summary>The minor number of the device that this file is a node of; 0 for a file that is none.</summary>
    public uint NodeMinor { get; }

    /// <summary>Whether it is a block device.</summary>
    public bool IsBlockDevice => (RawMode & TypeMask) == 0x6000;

    /// <summary>Whether it is a character device.</summary>
    public bool IsCharacterDevice => (RawMode & TypeMask) == 0x2000;

    /// <summary>Whether it is a regular file.</summary>
    public bool IsRegular => (RawMode & TypeMask) == 0x8000;

    /// <summary>Whether it is a socket.</summary>
    public bool IsSocket => (RawMode & TypeMask) == 0xC000;

    /// <summary>Reads the status of an open file, whatever its access mode; throws where that fails.</summary>
    /// <param name="file">Any open file, O_PATH included.</param>
    /// <exception cref="LinuxException">ENOMEM, EACCES.</exception>
    public static FileStatus Of(SafeHandle file)
    {
        FileStatusCalls.TryGet(file, out var status).ThrowIfFailed("statx", file);
        return status;
    }

    /// <summary>Reads the status of a name, a symbolic link's own.</summary>
    /// <param name="path">The name.</param>
    /// <param name="status">Its status.</param>
    /// <returns>ENOENT, EACCES.</returns>
    public static Errno TryGet(string path, out FileStatus status) => FileStatusCalls.TryGet(path, out status);
}

/// <summary>The first half of struct statx; the rest is reserved here.</summary>
[StructLayout(LayoutKind.Sequential, Size = 256)]
struct StatxBuffer
{
    public uint Mask;
    public uint BlockSize;
    public ulong Attributes;
    public uint LinkCount;
    public uint Uid;
    public uint Gid;
    public ushort Mode;
    public ushort Spare;
    public ulong Inode;
    public ulong Size;
    public ulong Blocks;
    public ulong AttributesMask;
    public StatxTimes Times;
    public uint RdevMajor;
    public uint RdevMinor;
    public uint DevMajor;
    public uint DevMinor;
}

/// <summary>Four struct statx_timestamp, which nobody here reads.</summary>
[StructLayout(LayoutKind.Sequential, Size = 64)]
struct StatxTimes
{
    public long FirstSeconds;
}

static unsafe partial class FileStatusCalls
{
    internal const int EmptyPath = 0x1000;
    internal const int WorkingDirectory = -100;
    internal const int NoFollowLinks = 0x100;
    internal const uint BasicStats = 0x7FF;

    public static Errno TryGet(SafeHandle file, out FileStatus status)
    {
        using var fd = new BorrowedDescriptor(file);
        StatxBuffer raw = default;
        byte empty = 0;
        var errno = ErrnoGuard.Of(statx(fd.Number, &empty, EmptyPath, BasicStats, &raw));
        status = new FileStatus(in raw);
        return errno;
    }

    public static Errno TryGet(string path, out FileStatus status)
    {
        StatxBuffer raw = default;
        Errno errno;
        fixed (byte* pointer = CString.From(path)) errno = ErrnoGuard.Of(statx(WorkingDirectory, pointer, NoFollowLinks, BasicStats, &raw));
        status = new FileStatus(in raw);
        return errno;
    }

    /// <summary>Of a zero-terminated path.</summary>
    public static Errno TryGet(ReadOnlySpan<byte> path, int flags, out FileStatus status)
    {
        StatxBuffer raw = default;
        Errno errno;
        fixed (byte* pointer = path) errno = ErrnoGuard.Of(statx(WorkingDirectory, pointer, flags, BasicStats, &raw));
        status = new FileStatus(in raw);
        return errno;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int statx(int directory, byte* path, int flags, uint mask, StatxBuffer* buffer);
}

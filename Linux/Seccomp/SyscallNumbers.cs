using System.Runtime.InteropServices;

namespace DmaHeap.Linux;

/// <summary>Numbers of the calls that a supervisor may want to hear of, by one convention. -1 where the convention has no such call.</summary>
/// <param name="Architecture">The convention.</param>
public sealed record SyscallNumbers(AuditArchitecture Architecture)
{
    /// <summary>No such call.</summary>
    public const int None = -1;

    /// <summary>ioctl.</summary>
    public required int Ioctl { get; init; }

    /// <summary>open.</summary>
    public int Open { get; init; } = None;

    /// <summary>openat.</summary>
    public required int OpenAt { get; init; }

    /// <summary>openat2, the same everywhere.</summary>
    public int OpenAt2 { get; init; } = 437;

    /// <summary>stat, of the 64-bit conventions: the 32-bit ones have <see cref="Stat64"/>.</summary>
    public int Stat { get; init; } = None;

    /// <summary>lstat, of the 64-bit conventions.</summary>
    public int LStat { get; init; } = None;

    /// <summary>stat64, of the 32-bit conventions.</summary>
    public int Stat64 { get; init; } = None;

    /// <summary>lstat64, of the 32-bit conventions.</summary>
    public int LStat64 { get; init; } = None;

    /// <summary>newfstatat, or fstatat64 of the 32-bit conventions.</summary>
    public required int FStatAt { get; init; }

    /// <summary>statx.</summary>
    public required int Statx { get; init; }

    /// <summary>access.</summary>
    public int Access { get; init; } = None;

    /// <summary>faccessat.</summary>
    public required int FAccessAt { get; init; }

    /// <summary>faccessat2, the same everywhere.</summary>
    public int FAccessAt2 { get; init; } = 439;

    /// <summary>readlink.</summary>
    public int ReadLink { get; init; } = None;

    /// <summary>readlinkat.</summary>
    public required int ReadLinkAt { get; init; }

    /// <summary>getdents64.</summary>
    public required int GetDents64 { get; init; }

    /// <summary>getxattr; lgetxattr is the next.</summary>
    public required int GetXAttr { get; init; }

    /// <summary>listxattr; llistxattr is the next.</summary>
    public required int ListXAttr { get; init; }

    /// <summary>lseek.</summary>
    public required int LSeek { get; init; }

    /// <summary>_llseek, of the 32-bit conventions.</summary>
    public int LongLSeek { get; init; } = None;

    /// <summary>read.</summary>
    public required int Read { get; init; }

    /// <summary>write.</summary>
    public required int Write { get; init; }

    /// <summary>ftruncate, or ftruncate64 of the 32-bit conventions.</summary>
    public required int FTruncate { get; init; }

    /// <summary>ftruncate, of the 32-bit conventions beside <see cref="FTruncate"/>.</summary>
    public int ShortFTruncate { get; init; } = None;

    /// <summary>fallocate.</summary>
    public required int FAllocate { get; init; }

    /// <summary>mmap, or mmap2 of the 32-bit conventions, whose offset is in pages of 4 KiB.</summary>
    public required int MMap { get; init; }

    /// <summary>fstat, of the 64-bit conventions: the 32-bit ones have <see cref="FStat64"/>.</summary>
    public int FStat { get; init; } = None;

    /// <summary>fstat64, of the 32-bit conventions.</summary>
    public int FStat64 { get; init; } = None;

    /// <summary>epoll_ctl.</summary>
    public required int EpollCtl { get; init; }

    /// <summary>x86-64.</summary>
    public static SyscallNumbers X64 { get; } = new(AuditArchitecture.X64)
    {
        Ioctl = 16, Open = 2, OpenAt = 257, Stat = 4, LStat = 6, FStatAt = 262, Statx = 332, Access = 21, FAccessAt = 269, ReadLink = 89, ReadLinkAt = 267,
        GetDents64 = 217, GetXAttr = 191, ListXAttr = 194, LSeek = 8, Read = 0, Write = 1, FTruncate = 77, FAllocate = 285, MMap = 9, FStat = 5, EpollCtl = 233,
    };

    /// <summary>32-bit programs on x86-64.</summary>
    public static SyscallNumbers I386 { get; } = new(AuditArchitecture.I386)
    {
        Ioctl = 54, Open = 5, OpenAt = 295, Stat64 = 195, LStat64 = 196, FStatAt = 300, Statx = 383, Access = 33, FAccessAt = 307, ReadLink = 85, ReadLinkAt = 305,
        GetDents64 = 220, GetXAttr = 229, ListXAttr = 232, LSeek = 19, Read = 3, Write = 4, FTruncate = 194, FAllocate = 324, MMap = 192, EpollCtl = 255,
        LongLSeek = 140, ShortFTruncate = 93, FStat64 = 197,
    };

    /// <summary>arm64: the kernel's generic table.</summary>
    public static SyscallNumbers Arm64 { get; } = new(AuditArchitecture.Arm64)
    {
        Ioctl = 29, OpenAt = 56, FStatAt = 79, Statx = 291, FAccessAt = 48, ReadLinkAt = 78, GetDents64 = 61, GetXAttr = 8, ListXAttr = 11,
        LSeek = 62, Read = 63, Write = 64, FTruncate = 46, FAllocate = 47, MMap = 222, FStat = 80, EpollCtl = 21,
    };

    /// <summary>32-bit programs on arm64 (EABI).</summary>
    public static SyscallNumbers Arm { get; } = new(AuditArchitecture.Arm)
    {
        Ioctl = 54, Open = 5, OpenAt = 322, Stat64 = 195, LStat64 = 196, FStatAt = 327, Statx = 397, Access = 33, FAccessAt = 334, ReadLink = 85, ReadLinkAt = 332,
        GetDents64 = 217, GetXAttr = 229, ListXAttr = 232, LSeek = 19, Read = 3, Write = 4, FTruncate = 194, FAllocate = 352, MMap = 192, EpollCtl = 251,
        LongLSeek = 140, ShortFTruncate = 93, FStat64 = 197,
    };

    /// <summary>The conventions by which programs may call on this machine, the processor's own first.</summary>
    public static IReadOnlyList<SyscallNumbers> OfThisMachine { get; } = RuntimeInformation.ProcessArchitecture switch
    {
        System.Runtime.InteropServices.Architecture.X64 => [X64, I386],
        System.Runtime.InteropServices.Architecture.Arm64 => [Arm64, Arm],
        var other => throw new PlatformNotSupportedException($"No syscall numbers for {other}."),
    };
}

using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Linux;

/// <summary>Calls on a path, made as another process would make them: its own flags go through as they are, and structs come back as the kernel's bytes. Thread-safe.</summary>
public static unsafe partial class PathCalls
{
    internal const int EndOfLink = 4096;

    /// <summary>O_CLOEXEC.</summary>
    public const int CloseOnExec = OpenFlags.CloseOnExec;

    /// <summary>AT_FDCWD: relative to the working directory.</summary>
    public const int WorkingDirectory = FileStatusCalls.WorkingDirectory;

    /// <summary>The size of this machine's struct stat.</summary>
    public static int StatSize { get; } = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 144 : 128;

    /// <summary>The size of struct statx.</summary>
    public const int StatxSize = 256;

    /// <summary>open.</summary>
    /// <param name="path">The path.</param>
    /// <param name="flags">Flags of open(2), by this machine's numbers; the descriptor is closed by exec in any case.</param>
    /// <param name="file">The caller's to dispose; invalid on failure.</param>
    /// <returns>What open(2) says.</returns>
    public static Errno TryOpen(string path, int flags, out SafeFileHandle file)
    {
        int result;
        fixed (byte* pointer = CString.From(path)) result = open(pointer, flags | OpenFlags.CloseOnExec, 0);
        file = new SafeFileHandle(result, ownsHandle: true);
        return ErrnoGuard.Of(result);
    }

    /// <summary>openat2.</summary>
    /// <param name="path">The path.</param>
    /// <param name="how">A struct open_how of any size; the descriptor is closed by exec in any case.</param>
    /// <param name="file">The caller's to dispose; invalid on failure.</param>
    /// <returns>What openat2(2) says.</returns>
    public static Errno TryOpen(string path, ReadOnlySpan<byte> how, out SafeFileHandle file)
    {
        Span<byte> own = stackalloc byte[how.Length + sizeof(ulong)];
        how.CopyTo(own);
        MemoryMarshal.Cast<byte, ulong>(own)[0] |= OpenFlags.CloseOnExec;
        long result;
        fixed (byte* pointer = CString.From(path), structure = own)
            result = syscall(SyscallNumbers.OfThisMachine[0].OpenAt2, WorkingDirectory, pointer, (nint)structure, how.Length, 0);
        file = new SafeFileHandle((nint)result, ownsHandle: true);
        return ErrnoGuard.Of(result);
    }

    /// <summary>newfstatat.</summary>
    /// <param name="path">The path.</param>
    /// <param name="flags">Flags of fstatat(2).</param>
    /// <param name="status">Receives struct stat: at least <see cref="StatSize"/> bytes.</param>
    /// <returns>What fstatat(2) says.</returns>
    public static Errno TryStat(string path, int flags, Span<byte> status)
    {
        fixed (byte* pointer = CString.From(path), buffer = status)
            return ErrnoGuard.Of(syscall(SyscallNumbers.OfThisMachine[0].FStatAt, WorkingDirectory, pointer, (nint)buffer, flags, 0));
    }

    /// <summary>fstat.</summary>
    /// <param name="file">An open file.</param>
    /// <param name="status">Receives struct stat: at least <see cref="StatSize"/> bytes.</param>
    /// <returns>What fstat(2) says.</returns>
    public static Errno TryStat(SafeFileHandle file, Span<byte> status)
    {
        using var fd = new BorrowedDescriptor(file);
        byte empty = 0;
        fixed (byte* buffer = status)
            return ErrnoGuard.Of(syscall(SyscallNumbers.OfThisMachine[0].FStatAt, fd.Number, &empty, (nint)buffer, FileStatusCalls.EmptyPath, 0));
    }

    /// <summary>statx of an open file.</summary>
    /// <param name="file">An open file.</param>
    /// <param name="mask">What is asked for.</param>
    /// <param name="status">Receives struct statx: at least <see cref="StatxSize"/> bytes.</param>
    /// <returns>What statx(2) says.</returns>
    public static Errno TryStatx(SafeFileHandle file, uint mask, Span<byte> status)
    {
        using var fd = new BorrowedDescriptor(file);
        byte empty = 0;
        fixed (byte* buffer = status)
            return ErrnoGuard.Of(syscall(SyscallNumbers.OfThisMachine[0].Statx, fd.Number, &empty, FileStatusCalls.EmptyPath, (nint)mask, (nint)buffer));
    }

    /// <summary>statx.</summary>
    /// <param name="path">The path.</param>
    /// <param name="flags">Flags of statx(2).</param>
    /// <param name="mask">What is asked for.</param>
    /// <param name="status">Receives struct statx: at least <see cref="StatxSize"/> bytes.</param>
    /// <returns>What statx(2) says.</returns>
    public static Errno TryStatx(string path, int flags, uint mask, Span<byte> status)
    {
        fixed (byte* pointer = CString.From(path), buffer = status)
            return ErrnoGuard.Of(syscall(SyscallNumbers.OfThisMachine[0].Statx, WorkingDirectory, pointer, flags, (nint)mask, (nint)buffer));
    }

    /// <summary>O_PATH.</summary>
    public const int PathOnly = OpenFlags.PathOnly;

    /// <summary>O_NOFOLLOW.</summary>
    public static ulong NoFollow => (ulong)OpenFlags.NoFollow;

    /// <summary>Whether the kernel finds a path in what it remembers, without asking a file system.</summary>
    /// <param name="path">The path.</param>
    /// <param name="followsLast">Whether a symbolic link at its end is followed.</param>
    /// <returns>EAGAIN (it would have to ask), ENOENT, and what else openat2(2) says.</returns>
    public static Errno TryFindRemembered(string path, bool followsLast)
    {
        // struct open_how: flags, mode, resolve.
        const ulong Remembered = 0x20;
        var how = stackalloc ulong[3] { (ulong)(OpenFlags.PathOnly | OpenFlags.CloseOnExec | (followsLast ? 0 : OpenFlags.NoFollow)), 0, Remembered };
        long result;
        fixed (byte* pointer = CString.From(path))
            result = syscall(SyscallNumbers.OfThisMachine[0].OpenAt2, WorkingDirectory, pointer, (nint)how, 3 * sizeof(ulong), 0);
        using var found = new SafeFileHandle((nint)result, ownsHandle: true);
        return ErrnoGuard.Of(result);
    }

    /// <summary>faccessat, or faccessat2 where there are flags.</summary>
    /// <param name="path">The path.</param>
    /// <param name="mode">What is asked about.</param>
    /// <param name="flags">Flags of faccessat2(2).</param>
    /// <returns>What faccessat(2) says.</returns>
    public static Errno TryAccess(string path, int mode, int flags = 0)
    {
        fixed (byte* pointer = CString.From(path))
        {
            var numbers = SyscallNumbers.OfThisMachine[0];
            return ErrnoGuard.Of(syscall(flags == 0 ? numbers.FAccessAt : numbers.FAccessAt2, WorkingDirectory, pointer, mode, flags, 0));
        }
    }

    /// <summary>readlink, of a path that nobody changes: /proc's.</summary>
    /// <param name="path">The path.</param>
    /// <param name="target">Where it leads; empty on failure.</param>
    /// <returns>EINVAL (it is no link), ENOENT, EACCES.</returns>
    public static Errno TryReadLink(string path, out string target)
    {
        var buffer = stackalloc byte[EndOfLink];
        nint length;
        fixed (byte* pointer = CString.From(path)) length = readlink(pointer, buffer, EndOfLink);
        target = length > 0 ? System.Text.Encoding.UTF8.GetString(buffer, (int)length) : "";
        return ErrnoGuard.Of(length);
    }

    /// <summary>readlink, of a path that nobody changes, and nothing managed is allocated.</summary>
    /// <param name="path">The path, with a zero at its end.</param>
    /// <param name="target">Receives where it leads, cut off where that is longer.</param>
    /// <param name="length">Bytes received; 0 on failure.</param>
    /// <returns>As the other form.</returns>
    public static Errno TryReadLink(ReadOnlySpan<byte> path, Span<byte> target, out int length)
    {
        if (path is not [.., 0]) throw new ArgumentException("The path ends without a zero.", nameof(path));
        nint result;
        fixed (byte* from = path)
        fixed (byte* to = target) result = readlink(from, to, (nuint)target.Length);
        length = (int)Math.Max(0, result);
        return ErrnoGuard.Of(result);
    }

    /// <summary>getdents64.</summary>
    /// <param name="directory">A directory; its position moves on.</param>
    /// <param name="entries">Receives whole entries.</param>
    /// <param name="length">Bytes received; 0 at the end.</param>
    /// <returns>EINVAL (too little room for the next entry), ENOTDIR, ENOENT (the directory was removed).</returns>
    public static Errno TryReadDirectory(SafeFileHandle directory, Span<byte> entries, out int length)
    {
        using var fd = new BorrowedDescriptor(directory);
        fixed (byte* pointer = entries)
        {
            var result = syscall(SyscallNumbers.OfThisMachine[0].GetDents64, fd.Number, pointer, entries.Length, 0, 0);
            length = (int)Math.Max(0, result);
            return ErrnoGuard.Of(result);
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int open(byte* path, int flags, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint readlink(byte* path, byte* buffer, nuint size);

    [LibraryImport("libc", SetLastError = true)]
    private static partial long syscall(long number, long first, byte* second, long third, long fourth, long fifth);
}

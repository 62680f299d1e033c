using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Linux;

/// <summary>Flags of a description (<c>F_GETFL</c>), of a descriptor (<c>F_GETFD</c>), and duplicates. Thread-safe.</summary>
public static partial class DescriptorFlags
{
    /// <summary>O_NONBLOCK, in the status flags.</summary>
    public const int NonBlock = 0x800;

    /// <summary>O_APPEND, in the status flags.</summary>
    public const int Append = 0x400;

    internal const int DuplicateCloseOnExec = 1030;
    internal const int GetDescriptor = 1;
    internal const int SetDescriptor = 2;
    internal const int GetStatus = 3;
    internal const int SetStatus = 4;
    internal const int CloseOnExecBit = 1;

    /// <summary>The status flags and access mode (<c>F_GETFL</c>). Flags beyond <see cref="NonBlock"/> differ between architectures.</summary>
    /// <param name="file">An open file.</param>
    /// <exception cref="LinuxException">EBADF.</exception>
    public static int GetStatusFlags(SafeHandle file) => Call(file, GetStatus, 0, "fcntl(F_GETFL)");

    /// <summary>Whether a descriptor stands for a place alone (<c>O_PATH</c>): nothing can be done with the file that is there.</summary>
    /// <param name="file">An open file.</param>
    /// <exception cref="LinuxException">EBADF.</exception>
    public static bool IsPathOnly(SafeHandle file) => (GetStatusFlags(file) & OpenFlags.PathOnly) != 0;

    /// <summary>The access mode a file was opened with.</summary>
    /// <param name="file">An open file.</param>
    /// <exception cref="LinuxException">EBADF.</exception>
    public static FileAccessMode GetAccessMode(SafeHandle file) => (FileAccessMode)(GetStatusFlags(file) & 3);

    /// <summary>The access mode, and whether it is worth anything: not for a place alone (<c>O_PATH</c>), nor where ioctls are all that is allowed.</summary>
    /// <param name="file">An open file.</param>
    /// <exception cref="LinuxException">EBADF.</exception>
    public static (FileAccessMode Mode, bool HasAccess) GetAccess(SafeHandle file)
    {
        var flags = GetStatusFlags(file);
        var mode = (FileAccessMode)(flags & 3);
        return (mode, mode != FileAccessMode.IoctlOnly && (flags & OpenFlags.PathOnly) == 0);
    }

    /// <summary>Sets the status flags (<c>F_SETFL</c>); the kernel ignores the access mode in them.</summary>
    /// <param name="file">An open file.</param>
    /// <param name="flags">The flags, usually those read before with one changed.</param>
    /// <exception cref="LinuxException">EPERM, EINVAL.</exception>
    public static void SetStatusFlags(SafeHandle file, int flags) => Call(file, SetStatus, flags, "fcntl(F_SETFL)");

    /// <summary>Whether exec closes this descriptor (<c>F_GETFD</c>).</summary>
    /// <param name="file">An open file.</param>
    /// <exception cref="LinuxException">EBADF.</exception>
    public static bool GetCloseOnExec(SafeHandle file) => (Call(file, GetDescriptor, 0, "fcntl(F_GETFD)") & CloseOnExecBit) != 0;

    /// <summary>Sets whether exec closes this descriptor (<c>F_SETFD</c>).</summary>
    /// <param name="file">An open file.</param>
    /// <param name="closeOnExec">Whether it does.</param>
    /// <exception cref="LinuxException">EBADF.</exception>
    public static void SetCloseOnExec(SafeHandle file, bool closeOnExec) =>
        Call(file, SetDescriptor, closeOnExec ? CloseOnExecBit : 0, "fcntl(F_SETFD)");

    /// <summary>Has exec close a descriptor that this process inherited and has no handle for.</summary>
    /// <param name="number">Its number.</param>
    /// <returns>EBADF where nothing is open under it.</returns>
    public static Errno TryCloseOnExec(int number) => ErrnoGuard.Of(fcntl(number, SetDescriptor, CloseOnExecBit));

    /// <summary>A second descriptor, closed by exec, for the same description: offset and status flags stay shared.</summary>
    /// <param name="file">An open file.</param>
    /// <param name="duplicate">The caller's to dispose; invalid on failure.</param>
    /// <returns>EMFILE.</returns>
    public static Errno TryDuplicate(SafeHandle file, out SafeFileHandle duplicate)
    {
        var errno = Duplicate(file, out var result);
        duplicate = new SafeFileHandle(result, ownsHandle: true);
        return errno;
    }

    /// <summary>A second descriptor, as the other form makes it, and nothing managed is allocated.</summary>
    /// <param name="file">An open file.</param>
    /// <param name="duplicate">Where it goes, empty until then, and after a failure.</param>
    /// <returns>EMFILE.</returns>
    public static Errno TryDuplicate(SafeHandle file, ReusableDescriptor duplicate)
    {
        ArgumentNullException.ThrowIfNull(duplicate);
        var errno = Duplicate(file, out var result);
        duplicate.Fill(result);
        return errno;
    }

    static Errno Duplicate(SafeHandle file, out int result)
    {
        using var fd = new BorrowedDescriptor(file);
        result = fcntl(fd.Number, DuplicateCloseOnExec, 0);
        return ErrnoGuard.Of(result);
    }

    static int Call(SafeHandle file, int command, nint argument, string name)
    {
        using var fd = new BorrowedDescriptor(file);
        var result = fcntl(fd.Number, command, argument);
        ErrnoGuard.Of(result).ThrowIfFailed(name, file);
        return result;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(int fd, int command, nint argument);
}

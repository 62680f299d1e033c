using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Linux;

/// <summary>Anonymous files in memory: <c>memfd_create(2)</c>. Thread-safe; the caller owns the handle returned.</summary>
public static unsafe partial class Memfd
{
    /// <summary>The longest name, in UTF-8 bytes.</summary>
    public const int MaxNameLength = 249;

    /// <summary>Makes an empty file; throws where that fails.</summary>
    /// <param name="name">Shown in /proc as <c>/memfd:NAME</c>; at most <see cref="MaxNameLength"/> bytes.</param>
    /// <param name="flags">How the file is made.</param>
    /// <exception cref="LinuxException">EINVAL (name too long), EMFILE, ENFILE, ENOMEM, EACCES, ENODEV (no such huge page size).</exception>
    public static SafeFileHandle Create(string name, MemfdFlags flags)
    {
        TryCreate(name, flags, out var memfd).ThrowIfFailed("memfd_create", name);
        return memfd;
    }

    /// <summary>Makes an empty file. On failure <paramref name="memfd"/> is invalid.</summary>
    /// <param name="name">Shown in /proc as <c>/memfd:NAME</c>; at most <see cref="MaxNameLength"/> bytes.</param>
    /// <param name="flags">How the file is made; <see cref="MemfdFlags.NoExecSeal"/> is dropped where the kernel answers EINVAL.</param>
    /// <param name="memfd">The new file, open for reading and writing.</param>
    public static Errno TryCreate(string name, MemfdFlags flags, out SafeFileHandle memfd)
    {
        var errno = Create(name, flags, out var fd);
        memfd = new SafeFileHandle(fd, ownsHandle: true);
        return errno;
    }

    /// <summary>Makes an empty file, and allocates nothing.</summary>
    /// <param name="name">Shown in /proc as <c>/memfd:NAME</c>; at most <see cref="MaxNameLength"/> bytes.</param>
    /// <param name="flags">As in the other form.</param>
    /// <param name="memfd">Where it goes, empty until then, and after a failure.</param>
    public static Errno TryCreate(string name, MemfdFlags flags, ReusableDescriptor memfd)
    {
        ArgumentNullException.ThrowIfNull(memfd);
        var errno = Create(name, flags, out var fd);
        memfd.Fill(fd);
        return errno;
    }

    static Errno Create(string name, MemfdFlags flags, out int fd)
    {
        Span<byte> text = stackalloc byte[MaxNameLength + 1];
        fd = -1;
        if (!CString.TryWrite(name, text)) return Errno.EINVAL;
        fixed (byte* pointer = text)
        {
            fd = memfd_create(pointer, (uint)flags);
            var errno = ErrnoGuard.Of(fd);
            if (errno != Errno.EINVAL || !flags.HasFlag(MemfdFlags.NoExecSeal)) return errno;
            // Kernels before 6.3 refuse the flag; memory files are never executed here, so doing without is sound.
            fd = memfd_create(pointer, (uint)(flags & ~MemfdFlags.NoExecSeal));
            return ErrnoGuard.Of(fd);
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int memfd_create(byte* name, uint flags);
}

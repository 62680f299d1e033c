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
        Span<byte> text = stackalloc byte[MaxNameLength + 1];
        var fd = -1;
        var errno = Errno.EINVAL;
        if (CString.TryWrite(name, text))
        {
            fixed (byte* pointer = text)
            {
                fd = memfd_create(pointer, (uint)flags);
                errno = ErrnoGuard.Of(fd);
                // Kernels before 6.3 refuse the flag; memory files are never executed here, so doing without is sound.
                if (errno == Errno.EINVAL && flags.HasFlag(MemfdFlags.NoExecSeal))
                {
                    fd = memfd_create(pointer, (uint)(flags & ~MemfdFlags.NoExecSeal));
                    errno = ErrnoGuard.Of(fd);
                }
            }
        }

        memfd = new SafeFileHandle(fd, ownsHandle: true);
        return errno;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int memfd_create(byte* name, uint flags);
}

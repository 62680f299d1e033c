using System.Runtime.InteropServices;

namespace DmaHeap.Linux;

/// <summary>A view of the file system of its own for the calling thread, and for what it starts. Needs CAP_SYS_ADMIN.</summary>
public static unsafe partial class MountNamespace
{
    internal const int NewNamespace = 0x20000;
    internal const nuint NoSetUserId = 2, NoExec = 8, Bind = 0x1000, Recursive = 0x4000, Slave = 1 << 19;

    /// <summary>Gives the calling thread a mount namespace of its own, in which what the system mounts later appears too, and out of which nothing leaks.</summary>
    /// <returns>EPERM without CAP_SYS_ADMIN.</returns>
    public static Errno TryUnshare()
    {
        var errno = ErrnoGuard.Of(unshare(NewNamespace));
        return errno == Errno.None ? Mount("none", "/", null, Recursive | Slave, null) : errno;
    }

    /// <summary>Mounts an empty file system in memory.</summary>
    /// <param name="directory">Where.</param>
    /// <param name="options">Its options, such as <c>mode=755</c>.</param>
    /// <param name="programs">Whether programs may be run from it.</param>
    /// <returns>EPERM, ENOENT, ENODEV (the kernel has no tmpfs).</returns>
    public static Errno TryMountMemory(string directory, string options, bool programs) =>
        Mount("dmaheap", directory, "tmpfs", NoSetUserId | (programs ? 0 : NoExec), options);

    /// <summary>Shows a file, or a directory with all that is mounted below it, at a second place.</summary>
    /// <param name="source">What.</param>
    /// <param name="target">Where: an existing file or directory, as the source is.</param>
    /// <returns>EPERM, ENOENT, EINVAL (the source may not be mounted a second time).</returns>
    public static Errno TryBind(string source, string target) => Mount(source, target, null, Bind | Recursive, null);

    static Errno Mount(string source, string target, string? type, nuint flags, string? options)
    {
        fixed (byte* from = CString.From(source), to = CString.From(target), kind = type is null ? null : CString.From(type),
               data = options is null ? null : CString.From(options))
        {
            return ErrnoGuard.Of(mount(from, to, kind, flags, data));
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int unshare(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int mount(byte* source, byte* target, byte* type, nuint flags, byte* data);
}

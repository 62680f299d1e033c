using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Linux;

/// <summary>Files whose pages the kernel unmaps from itself: <c>memfd_secret(2)</c>. Such a file cannot be reopened through /proc
/// (ENXIO), nor watched to its end. Thread-safe.</summary>
public static partial class SecretMemory
{
    /// <summary>Whether this kernel has it now; asked by making one and closing it.</summary>
    public static bool IsAvailable
    {
        get
        {
            var errno = TryCreate(out var secret);
            secret.Dispose();
            return errno == Errno.None;
        }
    }

    /// <summary>Makes an empty secret file, closed by exec. Its length can be set once.</summary>
    /// <param name="secret">The caller's to dispose; invalid on failure.</param>
    /// <returns>ENOSYS where the kernel has none or it is switched off (the default before 6.5), EMFILE, ENFILE, ENOMEM.</returns>
    public static Errno TryCreate(out SafeFileHandle secret)
    {
        var fd = syscall(SyscallTable.Current.MemfdSecret, OpenFlags.CloseOnExec);
        secret = new SafeFileHandle((nint)fd, ownsHandle: true);
        return ErrnoGuard.Of(fd);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial long syscall(long number, long flags);
}

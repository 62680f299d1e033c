using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace DmaHeap.Linux;

/// <summary>Turns results into <see cref="Errno"/> and, off the hot path, an <see cref="Errno"/> into an exception.</summary>
static class ErrnoGuard
{
    /// <summary>The errno of the import called last on this thread (imports here set SetLastError).</summary>
    public static Errno Last => (Errno)Marshal.GetLastPInvokeError();

    public static Errno Of(long result) => result < 0 ? Last : Errno.None;

    public static void ThrowIfFailed(this Errno errno, string call)
    {
        if (errno != Errno.None) Throw(errno, call, null);
    }

    public static void ThrowIfFailed(this Errno errno, string call, string name)
    {
        if (errno != Errno.None) Throw(errno, call, $"\"{name}\"");
    }

    public static void ThrowIfFailed(this Errno errno, string call, SafeHandle descriptor)
    {
        if (errno != Errno.None) Throw(errno, call, descriptor.DangerousGetHandle().ToString());
    }

    public static void ThrowIfFailed(this Errno errno, string call, long number)
    {
        if (errno != Errno.None) Throw(errno, call, number.ToString());
    }

    [DoesNotReturn]
    static void Throw(Errno errno, string call, string? subject) => throw new LinuxException(errno, call, subject);
}

using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace DmaHeap.Linux;

/// <summary>Makes an exception of an <see cref="Errno"/> where a failure is not ordinary. Costs nothing on success.</summary>
public static class ErrnoThrow
{
    /// <summary>Throws unless the call succeeded.</summary>
    /// <param name="errno">What it answered.</param>
    /// <param name="call">The syscall's name.</param>
    /// <exception cref="LinuxException">It failed.</exception>
    public static void ThrowIfFailed(this Errno errno, string call)
    {
        if (errno != Errno.None) Throw(errno, call, null);
    }

    /// <summary>Throws unless the call succeeded.</summary>
    /// <param name="errno">What it answered.</param>
    /// <param name="call">The syscall's name.</param>
    /// <param name="name">The name or path it was called on, shown in quotes.</param>
    /// <exception cref="LinuxException">It failed.</exception>
    public static void ThrowIfFailed(this Errno errno, string call, string name)
    {
        if (errno != Errno.None) Throw(errno, call, $"\"{name}\"");
    }

    /// <summary>Throws unless the call succeeded.</summary>
    /// <param name="errno">What it answered.</param>
    /// <param name="call">The syscall's name.</param>
    /// <param name="descriptor">The descriptor it was called on, shown by its number.</param>
    /// <exception cref="LinuxException">It failed.</exception>
    public static void ThrowIfFailed(this Errno errno, string call, SafeHandle descriptor)
    {
        if (errno != Errno.None) Throw(errno, call, descriptor.DangerousGetHandle().ToString());
    }

    /// <summary>Throws unless the call succeeded.</summary>
    /// <param name="errno">What it answered.</param>
    /// <param name="call">The syscall's name.</param>
    /// <param name="number">The number it was called on.</param>
    /// <exception cref="LinuxException">It failed.</exception>
    public static void ThrowIfFailed(this Errno errno, string call, long number)
    {
        if (errno != Errno.None) Throw(errno, call, number.ToString());
    }

    [DoesNotReturn]
    static void Throw(Errno errno, string call, string? subject) => throw new LinuxException(errno, call, subject);
}

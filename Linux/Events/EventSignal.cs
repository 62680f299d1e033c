using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Linux;

/// <summary>Wakes whoever waits on its descriptor: eventfd. Thread-safe.</summary>
public sealed unsafe partial class EventSignal : IDisposable
{
    internal const int Flags = 0x80000 | 0x800;

    readonly SafeFileHandle _event;

    /// <summary>Makes a signal that is not set.</summary>
    /// <exception cref="LinuxException">EMFILE, ENFILE, ENOMEM.</exception>
    public EventSignal()
    {
        var fd = eventfd(0, Flags);
        ErrnoGuard.Of(fd).ThrowIfFailed("eventfd");
        _event = new SafeFileHandle(fd, ownsHandle: true);
    }

    /// <summary>Readable while the signal is set. Owned by this object.</summary>
    public SafeFileHandle Handle => _event;

    /// <summary>Sets the signal.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public void Signal()
    {
        using var fd = new BorrowedDescriptor(_event);
        ulong one = 1;
        var errno = ErrnoGuard.Of(write(fd.Number, &one, sizeof(ulong)));
        // EAGAIN: the counter is full, so the signal is set already.
        if (errno != Errno.EAGAIN) errno.ThrowIfFailed("write", _event);
    }

    /// <summary>Clears the signal.</summary>
    /// <returns>How often it was set since; 0 where it was not.</returns>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public ulong Drain()
    {
        using var fd = new BorrowedDescriptor(_event);
        ulong count = 0;
        var errno = ErrnoGuard.Of(read(fd.Number, &count, sizeof(ulong)));
        if (errno != Errno.EAGAIN) errno.ThrowIfFailed("read", _event);
        return count;
    }

    /// <summary>Closes it.</summary>
    public void Dispose() => _event.Dispose();

    [LibraryImport("libc", SetLastError = true)]
    private static partial int eventfd(uint initial, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint read(int fd, ulong* value, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint write(int fd, ulong* value, nuint length);
}

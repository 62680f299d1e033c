using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Linux;

/// <summary>The descriptors of one thread, held by its directory in /proc: a look at one of them costs half of what a look by the thread's number does, and never is
/// one at another thread that has the number by then. Thread-safe.</summary>
public sealed unsafe partial class ThreadDescriptors : IDisposable
{
    const int MaxNumber = 16;

    readonly SafeFileHandle _directory;

    ThreadDescriptors(SafeFileHandle directory) => _directory = directory;

    /// <summary>Finds a thread's descriptors.</summary>
    /// <param name="threadId">The thread.</param>
    /// <param name="descriptors">The caller's to dispose; null on failure.</param>
    /// <returns>ENOENT where there is no such thread, EACCES, EMFILE.</returns>
    public static Errno TryOpen(int threadId, out ThreadDescriptors? descriptors)
    {
        var errno = PathDescriptor.TryOpen(string.Create(CultureInfo.InvariantCulture, $"/proc/{threadId}/fd"), out var directory);
        descriptors = errno == Errno.None ? new ThreadDescriptors(directory) : null;
        return errno;
    }

    /// <summary>Reads the status of the file behind a descriptor, without opening it.</summary>
    /// <param name="number">The descriptor.</param>
    /// <param name="status">Its file's status.</param>
    /// <returns>ENOENT (it is closed), ESRCH or ENOENT (the thread is gone), EACCES (the process is undumpable or another user's).</returns>
    public Errno TryGetStatus(int number, out FileStatus status) => TryGet(number, 0, out status);

    /// <summary>Reads the status of a descriptor's link in /proc, whose permissions say what the descriptor allows: reading, writing, or with O_PATH and in mode 3 neither.</summary>
    /// <param name="number">The descriptor.</param>
    /// <param name="status">The link's status.</param>
    /// <returns>As <see cref="TryGetStatus"/>.</returns>
    public Errno TryGetLinkStatus(int number, out FileStatus status) => TryGet(number, FileStatusCalls.NoFollowLinks, out status);

    /// <summary>Lets go of the thread.</summary>
    public void Dispose() => _directory.Dispose();

    Errno TryGet(int number, int flags, out FileStatus status)
    {
        var name = stackalloc byte[MaxNumber];
        number.TryFormat(new Span<byte>(name, MaxNumber - 1), out var length, default, CultureInfo.InvariantCulture);
        name[length] = 0;
        using var directory = new BorrowedDescriptor(_directory);
        StatxBuffer raw = default;
        var errno = ErrnoGuard.Of(statx(directory.Number, name, flags, FileStatusCalls.BasicStats, &raw));
        status = new FileStatus(in raw);
        return errno;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int statx(int directory, byte* path, int flags, uint mask, StatxBuffer* buffer);
}

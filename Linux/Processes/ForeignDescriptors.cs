using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Linux;

/// <summary>Descriptors of another process. A thread's number may pass to another thread, so check afterwards that the thread meant was still there. Thread-safe.</summary>
public static unsafe partial class ForeignDescriptors
{
    /// <summary>PIDFD_THREAD (6.9): a pidfd of one thread, be it the first of its process or not.</summary>
    internal const int ThreadFlag = 0x80;

    const int MaxPath = 48;

    static volatile bool s_noThreadFlag;

    /// <summary>Reads the status of the file behind a descriptor, without opening it.</summary>
    /// <param name="threadId">A thread of the process.</param>
    /// <param name="number">The descriptor.</param>
    /// <param name="status">Its file's status.</param>
    /// <returns>ENOENT (it is closed, or the thread is gone), EACCES (the process is undumpable or another user's).</returns>
    public static Errno TryGetStatus(int threadId, int number, out FileStatus status)
    {
        Span<byte> path = stackalloc byte[MaxPath];
        WritePath(threadId, number, path);
        return FileStatusCalls.TryGet(path, 0, out status);
    }

    /// <summary>Takes a duplicate of a descriptor: <c>pidfd_getfd(2)</c>.</summary>
    /// <param name="threadId">A thread of the process.</param>
    /// <param name="number">The descriptor.</param>
    /// <param name="duplicate">Closed by exec; the caller's to dispose, and invalid on failure.</param>
    /// <returns>EBADF (it is closed), ESRCH, EPERM (as for ptrace), EMFILE.</returns>
    public static Errno TryTake(int threadId, int number, out SafeFileHandle duplicate)
    {
        duplicate = new SafeFileHandle(-1, ownsHandle: true);
        var errno = TryOpenThread(threadId, out var thread);
        using (thread)
        {
            if (errno != Errno.None) return errno;
            using var pidfd = new BorrowedDescriptor(thread);
            var result = syscall(SyscallTable.Current.PidfdGetfd, pidfd.Number, number, 0);
            errno = ErrnoGuard.Of(result);
            if (errno != Errno.None) return errno;
            duplicate = new SafeFileHandle((nint)result, ownsHandle: true);
            return Errno.None;
        }
    }

    /// <summary>The process that a thread belongs to; null where the thread is gone.</summary>
    /// <param name="threadId">The thread.</param>
    public static int? ProcessOf(int threadId)
    {
        try
        {
            foreach (var line in File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{threadId}/status")))
            {
                if (line.StartsWith("Tgid:", StringComparison.Ordinal)) return int.Parse(line.AsSpan(5).Trim(), NumberStyles.None, CultureInfo.InvariantCulture);
            }
        }
        catch (IOException)
        {
            // It ended before or while it was read.
        }

        return null;
    }

    static Errno TryOpenThread(int threadId, out SafeFileHandle thread)
    {
        if (!s_noThreadFlag)
        {
            var errno = TryOpenPidfd(threadId, ThreadFlag, out thread);
            if (errno != Errno.EINVAL) return errno;
            s_noThreadFlag = true;
        }

        // Without that flag only a process's first thread can be opened, and its descriptors are all its threads' unless one went its own way.
        var first = TryOpenPidfd(threadId, 0, out thread);
        if (first is not (Errno.EINVAL or Errno.ENOENT)) return first;
        return ProcessOf(threadId) is { } process ? TryOpenPidfd(process, 0, out thread) : Errno.ESRCH;
    }

    static Errno TryOpenPidfd(int id, int flags, out SafeFileHandle pidfd)
    {
        var result = syscall(SyscallTable.Current.PidfdOpen, id, flags, 0);
        pidfd = new SafeFileHandle((nint)result, ownsHandle: true);
        return ErrnoGuard.Of(result);
    }

    static void WritePath(int threadId, int number, Span<byte> path)
    {
        var length = 0;
        Append("/proc/"u8, path, ref length);
        Append(threadId, path, ref length);
        Append("/fd/"u8, path, ref length);
        Append(number, path, ref length);
        path[length] = 0;
    }

    static void Append(ReadOnlySpan<byte> text, Span<byte> path, ref int length)
    {
        text.CopyTo(path[length..]);
        length += text.Length;
    }

    static void Append(int number, Span<byte> path, ref int length)
    {
        number.TryFormat(path[length..], out var digits, default, CultureInfo.InvariantCulture);
        length += digits;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial long syscall(long number, long first, long second, long third);
}

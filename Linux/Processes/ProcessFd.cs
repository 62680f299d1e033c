using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Linux;

/// <summary>A descriptor for a process, which can never come to mean another one; readable once the process has ended. Thread-safe.</summary>
public static unsafe partial class ProcessFd
{
    /// <summary>Opens a process, closed by exec: <c>pidfd_open(2)</c>.</summary>
    /// <param name="processId">The process (not a thread).</param>
    /// <param name="process">The caller's to dispose; invalid on failure.</param>
    /// <returns>ESRCH where there is none, EINVAL, EMFILE, ENFILE.</returns>
    public static Errno TryOpen(int processId, out SafeFileHandle process)
    {
        var fd = syscall(SyscallTable.Current.PidfdOpen, processId, 0);
        process = new SafeFileHandle((nint)fd, ownsHandle: true);
        return ErrnoGuard.Of(fd);
    }

    /// <summary>Sends a signal: <c>pidfd_send_signal(2)</c>.</summary>
    /// <param name="process">The process.</param>
    /// <param name="signal">The signal; 0 to only ask whether it could be sent.</param>
    /// <returns>ESRCH where the process was reaped, EPERM, EINVAL.</returns>
    public static Errno TrySendSignal(SafeHandle process, int signal)
    {
        using var fd = new BorrowedDescriptor(process);
        return ErrnoGuard.Of(syscall(SyscallTable.Current.PidfdSendSignal, fd.Number, signal, null, 0));
    }

    /// <summary>Kills the process (SIGKILL).</summary>
    /// <param name="process">The process.</param>
    /// <returns>As <see cref="TrySendSignal"/>.</returns>
    public static Errno TryKill(SafeFileHandle process) => TrySendSignal(process, 9);

    [LibraryImport("libc", SetLastError = true)]
    private static partial long syscall(long number, long processId, long flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial long syscall(long number, long pidfd, long signal, void* info, long flags);
}

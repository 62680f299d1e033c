using System.Runtime.InteropServices;

namespace DmaHeap.Linux;

/// <summary>What happened to a child.</summary>
public enum ChildEvent
{
    /// <summary>It ended by itself; the number is its exit status.</summary>
    Exited,

    /// <summary>A signal ended it; the number is the signal's.</summary>
    Killed,

    /// <summary>A signal stopped it; the number is the signal's.</summary>
    Stopped,

    /// <summary>It goes on.</summary>
    Continued,
}

/// <summary>A change in a child's life.</summary>
/// <param name="Event">What happened.</param>
/// <param name="Number">An exit status or a signal.</param>
public readonly record struct ChildChange(ChildEvent Event, int Number);

/// <summary>Children of this process: <c>waitpid(2)</c> and <c>kill(2)</c>.</summary>
public static unsafe partial class ChildProcess
{
    internal const int WaitNot = 1, WaitUntraced = 2, WaitContinued = 8;

    /// <summary>Waits until a child ends, stops or goes on. Once it has ended its number is free for others.</summary>
    /// <param name="processId">The child.</param>
    /// <exception cref="LinuxException">ECHILD: it is no child of this process, or was waited for already.</exception>
    public static ChildChange Wait(int processId) => Wait(processId, 0)!.Value;

    /// <summary>As <see cref="Wait(int)"/>, without waiting.</summary>
    /// <param name="processId">The child.</param>
    /// <returns>Null where nothing has happened since it was last waited for.</returns>
    /// <exception cref="LinuxException">ECHILD.</exception>
    public static ChildChange? Poll(int processId) => Wait(processId, WaitNot);

    /// <summary>Sends a signal to a process that cannot have been waited for yet, or to this one.</summary>
    /// <param name="processId">The process.</param>
    /// <param name="signal">The signal.</param>
    /// <returns>ESRCH, EPERM, EINVAL.</returns>
    public static Errno TrySignal(int processId, int signal) => ErrnoGuard.Of(kill(processId, signal));

    /// <summary>Sends the calling thread a signal, which has had its effect when this returns.</summary>
    /// <param name="signal">The signal.</param>
    public static void Raise(int signal) => raise(signal);

    static ChildChange? Wait(int processId, int options)
    {
        int status, result;
        do result = waitpid(processId, &status, WaitUntraced | WaitContinued | options);
        while (result < 0 && ErrnoGuard.Last == Errno.EINTR);
        ErrnoGuard.Of(result).ThrowIfFailed("waitpid", processId);
        return result == 0 ? null : Decode(status);
    }

    internal static ChildChange Decode(int status) => (status & 0x7F, status & 0xFF, status) switch
    {
        (_, _, 0xFFFF) => new(ChildEvent.Continued, 0),
        (_, 0x7F, _) => new(ChildEvent.Stopped, (status >> 8) & 0xFF),
        (0, _, _) => new(ChildEvent.Exited, (status >> 8) & 0xFF),
        var (signal, _, _) => new(ChildEvent.Killed, signal),
    };

    [LibraryImport("libc", SetLastError = true)]
    private static partial int waitpid(int pid, int* status, int options);

    [LibraryImport("libc")]
    private static partial int raise(int signal);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int pid, int signal);
}

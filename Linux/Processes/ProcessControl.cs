using System.Runtime.InteropServices;

namespace DmaHeap.Linux;

/// <summary>Attributes of this process: <c>prctl(2)</c>.</summary>
public static partial class ProcessControl
{
    internal const int SetParentDeathSignalOption = 1;
    internal const int GetDumpableOption = 3;
    internal const int SetDumpableOption = 4;

    /// <summary>Whether processes of the same user may look into this one (ptrace, /proc/PID/fd), and whether it dumps core.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public static bool IsDumpable
    {
        get
        {
            var result = prctl(GetDumpableOption, 0, 0, 0, 0);
            ErrnoGuard.Of(result).ThrowIfFailed("prctl(PR_GET_DUMPABLE)");
            return result == 1;
        }
        set => ErrnoGuard.Of(prctl(SetDumpableOption, value ? 1u : 0u, 0, 0, 0)).ThrowIfFailed("prctl(PR_SET_DUMPABLE)");
    }

    /// <summary>Has the kernel send this process a signal when the *thread* that started it ends.</summary>
    /// <param name="signal">The signal; 0 for none.</param>
    /// <exception cref="LinuxException">EINVAL for no signal's number.</exception>
    public static void SetParentDeathSignal(int signal) =>
        ErrnoGuard.Of(prctl(SetParentDeathSignalOption, (nuint)signal, 0, 0, 0)).ThrowIfFailed("prctl(PR_SET_PDEATHSIG)", signal);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int prctl(int option, nuint argument2, nuint argument3, nuint argument4, nuint argument5);
}

using System.Runtime.InteropServices;

namespace DmaHeap.Linux;

/// <summary>Installs filters with <c>seccomp(2)</c>. A filter stays with the thread that installed it, and with all that the thread starts, for good.</summary>
public static unsafe partial class SeccompFilter
{
    internal const uint SetModeFilter = 1;
    internal const uint NewListener = 1 << 3, WaitKillable = 1 << 5;
    internal const int SetNoNewPrivilegesOption = 38;

    /// <summary>Takes from this thread, and from what it starts, the ability to gain privileges by exec, which a filter needs where the thread has no CAP_SYS_ADMIN.</summary>
    /// <returns>EINVAL where the kernel knows no such thing.</returns>
    public static Errno TrySetNoNewPrivileges() => ErrnoGuard.Of(prctl(SetNoNewPrivilegesOption, 1, 0, 0, 0));

    /// <summary>Installs a filter on the calling thread alone, with a listener for the calls it tells of. A call that is being answered can then only be
    /// ended by what kills its thread (WAIT_KILLABLE_RECV): a signal with SA_RESTART would otherwise make it a second time, after it was carried out.
    /// Nothing managed is allocated: a thread whose calls are told of must not be the one that collects garbage, for which the runtime makes calls of its own.</summary>
    /// <param name="program">The filter; an empty one is refused (EINVAL), which serves to rehearse.</param>
    /// <param name="listener">One that listens to nothing yet, and still does not when this fails.</param>
    /// <returns>EACCES (no CAP_SYS_ADMIN and no no_new_privs), EBUSY (a filter with a listener is on this thread already), EINVAL (the kernel is older than 5.19 or has
    /// no seccomp), EPERM or ENOSYS (an outer filter forbids it: a container's), ENOMEM.</returns>
    public static Errno TryInstall(ReadOnlySpan<BpfInstruction> program, SeccompListener listener)
    {
        ArgumentNullException.ThrowIfNull(listener);
        long result;
        fixed (BpfInstruction* instructions = program)
        {
            var pointer = new BpfProgramPointer { Length = checked((ushort)program.Length), Instructions = instructions };
            result = syscall(SyscallTable.Current.Seccomp, SetModeFilter, NewListener | WaitKillable, &pointer);
        }

        var errno = ErrnoGuard.Of(result);
        listener.Open((nint)result); // also where there is none: a rehearsal is to go all the way
        return errno;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial long syscall(long number, long operation, long flags, BpfProgramPointer* program);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int prctl(int option, nuint argument2, nuint argument3, nuint argument4, nuint argument5);
}

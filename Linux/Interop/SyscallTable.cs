using System.Runtime.InteropServices;

namespace DmaHeap.Linux;

/// <summary>Numbers of the syscalls that the oldest libc we run on has no wrapper for.</summary>
sealed record SyscallTable(long MemfdSecret, long PidfdOpen, long PidfdSendSignal, long PidfdGetfd, long Seccomp, long MakeNodeAt)
{
    public static readonly SyscallTable X64 = new(MemfdSecret: 447, PidfdOpen: 434, PidfdSendSignal: 424, PidfdGetfd: 438, Seccomp: 317, MakeNodeAt: 259);

    /// <summary>arm64 uses the kernel's generic table (asm-generic/unistd.h).</summary>
    public static readonly SyscallTable Arm64 = new(MemfdSecret: 447, PidfdOpen: 434, PidfdSendSignal: 424, PidfdGetfd: 438, Seccomp: 277, MakeNodeAt: 33);

    public static readonly SyscallTable Current = RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => X64,
        Architecture.Arm64 => Arm64,
        var other => throw new PlatformNotSupportedException($"No syscall numbers for {other}."),
    };
}

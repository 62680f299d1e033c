using System.Runtime.InteropServices;

namespace DmaHeap.Linux;

/// <summary>Numbers of the syscalls that the oldest libc we run on has no wrapper for.</summary>
sealed record SyscallTable(long MemfdSecret, long PidfdOpen, long PidfdSendSignal)
{
    public static readonly SyscallTable X64 = new(MemfdSecret: 447, PidfdOpen: 434, PidfdSendSignal: 424);

    /// <summary>arm64 uses the kernel's generic table (asm-generic/unistd.h).</summary>
    public static readonly SyscallTable Arm64 = new(MemfdSecret: 447, PidfdOpen: 434, PidfdSendSignal: 424);

    public static readonly SyscallTable Current = RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => X64,
        Architecture.Arm64 => Arm64,
        var other => throw new PlatformNotSupportedException($"No syscall numbers for {other}."),
    };
}

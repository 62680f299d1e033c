using System.Runtime.InteropServices;

namespace DmaHeap.Linux;

/// <summary>A system call that a supervised thread waits in (struct seccomp_notif).</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct SeccompNotification
{
    /// <summary>Names the call to the listener. Never reused.</summary>
    public readonly ulong Id;

    /// <summary>The thread that makes it, in the pid namespace of whoever reads this; 0 where it is not visible there.</summary>
    public readonly int ThreadId;

    readonly uint _flags;

    /// <summary>The call's number by its convention.</summary>
    public readonly int Number;

    /// <summary>The convention it is made by.</summary>
    public readonly AuditArchitecture Architecture;

    /// <summary>The address of the instruction.</summary>
    public readonly ulong InstructionPointer;

    /// <summary>The first argument.</summary>
    public readonly ulong Argument0;

    /// <summary>The second argument.</summary>
    public readonly ulong Argument1;

    /// <summary>The third argument.</summary>
    public readonly ulong Argument2;

    /// <summary>The fourth argument.</summary>
    public readonly ulong Argument3;

    /// <summary>The fifth argument.</summary>
    public readonly ulong Argument4;

    /// <summary>The sixth argument.</summary>
    public readonly ulong Argument5;
}

/// <summary>struct seccomp_notif_resp.</summary>
[StructLayout(LayoutKind.Sequential)]
struct SeccompResponse
{
    public ulong Id;
    public long Value;
    public int Error;
    public uint Flags;
}

/// <summary>struct seccomp_notif_addfd.</summary>
[StructLayout(LayoutKind.Sequential)]
struct SeccompAddDescriptor
{
    public ulong Id;
    public uint Flags;
    public int SourceDescriptor;
    public uint NewDescriptor;
    public uint NewDescriptorFlags;
}

/// <summary>struct sock_fprog.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct BpfProgramPointer
{
    public ushort Length;
    public BpfInstruction* Instructions;
}

/// <summary>struct pollfd.</summary>
[StructLayout(LayoutKind.Sequential)]
struct PollRequest
{
    public int Descriptor;
    public short Events;
    public short Returned;
}

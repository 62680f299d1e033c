namespace DmaHeap.Linux;

/// <summary>The convention by which a system call was made (AUDIT_ARCH_*): what its number means depends on it.</summary>
public enum AuditArchitecture : uint
{
    /// <summary>64-bit calls of an x86-64 processor, those of the x32 convention included (their numbers have a bit of their own).</summary>
    X64 = 0xC000_003E,

    /// <summary>32-bit calls of an x86 or x86-64 processor.</summary>
    I386 = 0x4000_0003,

    /// <summary>64-bit calls of an arm64 processor.</summary>
    Arm64 = 0xC000_00B7,

    /// <summary>32-bit calls of an arm or arm64 processor (EABI).</summary>
    Arm = 0x4000_0028,
}

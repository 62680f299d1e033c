namespace DmaHeap.Linux;

/// <summary>Flags of <c>memfd_create(2)</c>.</summary>
[Flags]
public enum MemfdFlags : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>MFD_CLOEXEC.</summary>
    CloseOnExec = 0x1,

    /// <summary>MFD_ALLOW_SEALING.</summary>
    AllowSealing = 0x2,

    /// <summary>MFD_HUGETLB with the machine's default huge page size.</summary>
    HugeTlb = 0x4,

    /// <summary>MFD_NOEXEC_SEAL (6.3), left off where the kernel does not know it.</summary>
    NoExecSeal = 0x8,

    /// <summary>MFD_HUGETLB with 2 MiB pages.</summary>
    Huge2MiB = HugeTlb | (21u << 26),

    /// <summary>MFD_HUGETLB with 1 GiB pages.</summary>
    Huge1GiB = HugeTlb | (30u << 26),
}

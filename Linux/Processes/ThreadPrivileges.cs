using System.Runtime.InteropServices;

namespace DmaHeap.Linux;

/// <summary>Takes privileges from the calling thread for good: what it starts afterwards has none either, while the other threads of this process keep theirs.</summary>
public static unsafe partial class ThreadPrivileges
{
    internal const int DropBoundingOption = 24;
    internal const uint CapabilityVersion = 0x20080522;
    const int MostCapabilities = 64;

    /// <summary>Gives up every capability, and with no_new_privs every way to get one by exec: neither root's nor those of a file come back.</summary>
    /// <returns>EINVAL where the kernel knows no such thing; EPERM where a filter keeps the call away and there is something to give up.</returns>
    public static Errno TryDropAll()
    {
        var errno = SeccompFilter.TrySetNoNewPrivileges();
        if (errno != Errno.None) return errno;
        for (var capability = 0; capability < MostCapabilities; capability++)
        {
            // The bound is the privileged's to lower (EPERM), and of others nothing comes out of it; numbers the kernel does not have are EINVAL.
            if (prctl(DropBoundingOption, (nuint)capability, 0, 0, 0) < 0 && ErrnoGuard.Last is not (Errno.EPERM or Errno.EINVAL)) return ErrnoGuard.Last;
        }

        var header = new CapabilityHeader { Version = CapabilityVersion };
        var none = stackalloc CapabilityData[2];
        none[0] = none[1] = default;
        var errnoOfSet = ErrnoGuard.Of(capset(&header, none));
        return errnoOfSet == Errno.EPERM && HasNone() ? Errno.None : errnoOfSet;
    }

    // A service whose filter lets no privileged call through has nothing to give up either.
    static bool HasNone()
    {
        var header = new CapabilityHeader { Version = CapabilityVersion };
        var held = stackalloc CapabilityData[2];
        if (capget(&header, held) < 0) return false;
        return (held[0].Effective | held[0].Permitted | held[0].Inheritable | held[1].Effective | held[1].Permitted | held[1].Inheritable) == 0;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int capget(CapabilityHeader* header, CapabilityData* data);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int prctl(int option, nuint argument2, nuint argument3, nuint argument4, nuint argument5);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int capset(CapabilityHeader* header, CapabilityData* data);

    /// <summary>struct __user_cap_header_struct.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct CapabilityHeader
    {
        public uint Version;
        public int ProcessId;
    }

    /// <summary>struct __user_cap_data_struct.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct CapabilityData
    {
        public uint Effective;
        public uint Permitted;
        public uint Inheritable;
    }
}

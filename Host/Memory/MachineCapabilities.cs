using DmaHeap.Linux;

namespace DmaHeap.Hosting.Memory;

/// <summary>Finds out, by trying, what this machine can give.</summary>
internal static class MachineCapabilities
{
    private static readonly long[] s_hugePageSizes = [2L << 20, 1L << 30];

    public static MemoryCapabilities Probe()
    {
        var pools = new List<HugePagePool>();
        foreach (var size in s_hugePageSizes)
        {
            if (Linux.HugePagePool.Read(size) is { } pool) pools.Add(new HugePagePool(size, pool.Total, pool.Free));
        }

        var errno = SecretMemory.TryCreate(out var secret);
        secret.Dispose();
        return new MemoryCapabilities
        {
            PageSize = Environment.SystemPageSize,
            HugePages = pools,
            SecretMemory = errno == Errno.None,
            SecretMemoryReason = errno == Errno.None ? "" : ReasonFor(errno),
        };
    }

    private static string ReasonFor(Errno errno) => errno switch
    {
        Errno.ENOSYS => "the kernel has no memfd_secret, or it is switched off (before Linux 6.5 it takes secretmem.enable=1 on the kernel's command line)",
        Errno.EPERM => "memfd_secret is not permitted to this process, as a container's seccomp profile may have it",
        _ => $"memfd_secret failed: {errno}, {errno.Describe()}",
    };
}

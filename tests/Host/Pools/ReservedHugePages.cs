using DmaHeap.Linux;

namespace DmaHeap.Tests.Host;

/// <summary>Has some huge pages of 2 MiB reserved for as long as it lives; skips the test where nobody may.</summary>
internal sealed class ReservedHugePages : IDisposable
{
    private const string Pool = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages";

    private readonly string? _before;

    public ReservedHugePages(int pages)
    {
        Assert.SkipUnless(File.Exists(Pool), "this kernel has no huge pages of 2 MiB");
        if (Free >= pages) return;
        Assert.SkipUnless(ProcessIdentity.EffectiveUserId == 0, $"{Free} huge pages of 2 MiB are reserved and free, {pages} are needed, and root alone may reserve more (vm.nr_hugepages)");
        _before = File.ReadAllText(Pool).Trim();
        try
        {
            File.WriteAllText(Pool, (long.Parse(_before) + pages).ToString());
            Assert.SkipUnless(Free >= pages, "the kernel has no huge pages to reserve");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public static long Free => DmaHeap.Linux.HugePagePool.Read(2 << 20)?.Free ?? 0;

    public void Dispose()
    {
        if (_before is not null) File.WriteAllText(Pool, _before);
    }
}

using DmaHeap.Linux;

namespace DmaHeap.Tests.Host;

/// <summary>Has some huge pages of 2 MiB reserved for as long as it lives; skips the test where nobody may.</summary>
internal sealed class ReservedHugePages : IDisposable
{
    private const string Pool = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages";

    private readonly int _added;

    public ReservedHugePages(int pages)
    {
        Assert.SkipUnless(File.Exists(Pool), "this kernel has no huge pages of 2 MiB");
        if (Free >= pages) return;
        Assert.SkipUnless(ProcessIdentity.EffectiveUserId == 0, $"{Free} huge pages of 2 MiB are reserved and free, {pages} are needed, and root alone may reserve more (vm.nr_hugepages)");
        try
        {
            Add(pages);
            _added = pages;
            Assert.SkipUnless(Free >= pages, "the kernel has no huge pages to reserve");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public static long Free => DmaHeap.Linux.HugePagePool.Read(2 << 20)?.Free ?? 0;

    /// <summary>Takes all that are free, until it is disposed; skips the test where they cannot be had.</summary>
    public static IDisposable TakeAll()
    {
        var file = new ReusableDescriptor();
        if (Free == 0) return file;
        var errno = Memfd.TryCreate("taken", MemfdFlags.CloseOnExec | MemfdFlags.Huge2MiB, file);
        if (errno == Errno.None) errno = FileSpace.TryAllocate(file, 0, Free << 21);
        if (errno == Errno.None && Free == 0) return file;
        file.Dispose();
        Assert.Skip($"huge pages are reserved on this machine, come first, and cannot be taken: {errno.Describe()}");
        return file;
    }

    // By the difference: another test run on this machine may change it as well.
    public void Dispose() => Add(-_added);

    private static void Add(int pages)
    {
        if (pages != 0) File.WriteAllText(Pool, Math.Max(0, long.Parse(File.ReadAllText(Pool)) + pages).ToString());
    }
}

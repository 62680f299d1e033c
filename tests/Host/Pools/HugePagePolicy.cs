using DmaHeap.Linux;

namespace DmaHeap.Tests.Host;

/// <summary>Sets what the machine says of huge pages in shared memory for as long as it lives; skips the test where nobody may, or where the kernel has no such file.</summary>
internal sealed class HugePagePolicy : IDisposable
{
    private const string Folder = "/sys/kernel/mm/transparent_hugepage/";
    private const string All = Folder + "shmem_enabled", OfSize = Folder + "hugepages-2048kB/shmem_enabled";
    private const string Inherit = "inherit";

    private readonly (string All, string? OfSize) _before;

    /// <param name="all">For <c>shmem_enabled</c>.</param>
    /// <param name="ofSize">For that of pages of 2 MiB, which kernels before 6.12 do not have: there it is as if it said <c>inherit</c>.</param>
    public HugePagePolicy(string all, string ofSize = Inherit)
    {
        Assert.SkipUnless(ProcessIdentity.EffectiveUserId == 0, "root alone may change the machine's policy of huge pages");
        Assert.SkipUnless(File.Exists(All), "this kernel puts no huge pages together in shared memory");
        Assert.SkipUnless(ofSize == Inherit || File.Exists(OfSize), "this kernel has no policy of each size (Linux 6.12)");
        _before = (Selected(All), File.Exists(OfSize) ? Selected(OfSize) : null);
        try
        {
            Set(all, ofSize);
        }
        catch (IOException refused)
        {
            Dispose();
            Assert.Skip($"the policy cannot be set here: {refused.Message}");
        }
    }

    /// <summary>For a test that needs no policy but is disturbed by one; null where there is none, or it cannot be set.</summary>
    public static HugePagePolicy? NeverWherePossible() => ProcessIdentity.EffectiveUserId == 0 && File.Exists(All) ? new HugePagePolicy("never") : null;

    public void Dispose() => Set(_before.All, _before.OfSize);

    // "force" is taken only while the size's own says "inherit".
    private static void Set(string all, string? ofSize)
    {
        if (File.Exists(OfSize)) File.WriteAllText(OfSize, Inherit);
        File.WriteAllText(All, all);
        if (ofSize is not null && ofSize != Inherit) File.WriteAllText(OfSize, ofSize);
    }

    private static string Selected(string file) => File.ReadAllText(file).Split(' ', StringSplitOptions.TrimEntries).Single(word => word.StartsWith('[')).Trim('[', ']');
}

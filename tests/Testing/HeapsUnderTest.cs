using DmaHeap.Heaps;
using DmaHeap.Linux;
using DmaHeap.Testing;
using DmaHeap.Tests.Support;
using Microsoft.Win32.SafeHandles;
using Vendor;

namespace DmaHeap.Tests.Testing;

/// <summary>The heaps that must pass the kit.</summary>
static class HeapsUnderTest
{
    private const long HugePage = 2L << 20;
    private const int HugePagesNeeded = 32;
    private const long RegionBytes = 16L << 20;

    // Whoever the kit imports as.
    private static readonly long[] s_us = [ProcessIdentity.EffectiveUserId];

    // For what is read of options, a file that stays.
    private static readonly SafeFileHandle s_region = NewRegion();

    public static IReadOnlyDictionary<string, HeapUnderTest> ByName { get; } = new[]
    {
        HeapUnderTest.Of(context => new SystemHeap(context)) with { PluginFile = Builds.Plugin("SystemHeap") },
        HeapUnderTest.Of(context => new CmaHeap(context, new CmaHeapOptions())) with { PluginFile = Builds.Plugin("CmaHeap") },
        HeapUnderTest.Of(
            context => new CmaHeap(context, new CmaHeapOptions { Size = new ByteSize(HugePagesNeeded * HugePage), Pages = CmaPages.Huge }), "CmaHeap of 2 MiB pages") with { SmallLength = HugePage, Options = """{"size":"64MiB","pages":"2MiB"}""" },
        HeapUnderTest.Of(context => new SecureHeap(context, new SecureHeapOptions())) with { PluginFile = Builds.Plugin("SecureHeap") },
        HeapUnderTest.Of(context => new AttachTimeHeap(context, new AttachTimeHeapOptions())) with { PluginFile = Builds.Plugin("AttachTimeHeap") },
        HeapUnderTest.Of(
            context => new SecureHeap(context, new SecureHeapOptions { Importers = [new ImporterRule { Users = s_us }] }), "SecureHeap that trusts its importers"),
        HeapUnderTest.Of(context => OverFile(context, new RegionImporterRule { Users = s_us }), "RegionHeap that trusts its importers"),
        HeapUnderTest.Of(context => OverFile(context), "RegionHeap over a file") with { PluginFile = Builds.Plugin("RegionHeap"), Options = $$"""{"path":"/proc/{{Environment.ProcessId}}/fd/{{s_region.DangerousGetHandle()}}","size":"16MiB"}""" },
        HeapUnderTest.Of(context => new CountingHeap(context)) with { PluginFile = Builds.Plugin("CountingHeap") },
        HeapUnderTest.Of(context => new FakeHeap(context, new FakeOptions { Journal = new FakeJournalOptions { Lines = 64 } }), "FakeHeap") with { PluginFile = Builds.Plugin("FakeHeap") },
        HeapUnderTest.Of(context => new RegionHeap(context)),
        new HeapUnderTest { Name = "UncachedDevice", Create = new UncachedDevice().CreateHeap, Capabilities = HeapCapabilities.CpuMappable | HeapCapabilities.ZeroFilled },
        HeapUnderTest.Of<RegionHeap>(context => new PoolingHeap(context), nameof(PoolingHeap)),
        Built("PrivateLibrary", "LoggingHeap"),
        Built("NativeHeap", "NativeHeap"),
    }.ToDictionary(heap => heap.Name);

    // From its file, as a host would load it; its classes are not these tests' to refer to.
    private static HeapUnderTest Built(string plugin, string heapType) => PluginUnderTest.Load(Builds.Plugin(plugin)).Heap(heapType);

    // A file of its own each time, which nobody but the heap has.
    private static DmaHeap.Heaps.RegionHeap OverFile(IHeapContext context, params RegionImporterRule[] importers)
    {
        using var file = NewRegion();
        return new(context, new RegionHeapOptions { Path = $"/proc/self/fd/{file.DangerousGetHandle()}", Size = new ByteSize(RegionBytes), Importers = importers });
    }

    private static SafeFileHandle NewRegion()
    {
        var file = Memfd.Create("region", MemfdFlags.CloseOnExec | MemfdFlags.NoExecSeal);
        Assert.Equal(Errno.None, FileSpace.TrySetLength(file, RegionBytes));
        return file;
    }

    /// <summary>Why a heap cannot be tried on this machine; null when it can.</summary>
    public static string? WhyNot(HeapUnderTest heap)
    {
        if (heap.WhyUnavailable() is { } reason) return reason;
        if (heap.SmallLength < HugePage) return null;
        using var host = DmaHeapTestHost.Start("probe", heap.Create);
        try
        {
            using var whole = host.Allocate("probe", HugePagesNeeded * HugePage);
            return null;
        }
        catch (HeapException refusal) when (refusal.Cause == HeapCause.NoHugePages)
        {
            return refusal.Message;
        }
    }
}

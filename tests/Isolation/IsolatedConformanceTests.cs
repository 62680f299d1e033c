using DmaHeap.Hosting.Isolation;
using DmaHeap.Linux;
using DmaHeap.Testing;
using DmaHeap.Tests.Support;
using DmaHeap.Tests.Testing;

namespace DmaHeap.Tests.Isolation;

/// <summary>The shipped heaps keep every promise from another process, too.</summary>
public sealed class IsolatedConformanceTests
{
    public static TheoryData<string, string?> Heaps { get; } = new()
    {
        { "SystemHeap", null },
        { "CmaHeap", null },
        { "SecureHeap", $$"""{ "importers": [ { "users": [{{ProcessIdentity.EffectiveUserId}}] } ] }""" },
        { "AttachTimeHeap", null },
        { "CountingHeap", null },
        { "FakeHeap", """{ "journal": { "lines": 64 } }""" },
    };

    [Theory]
    [MemberData(nameof(Heaps))]
    public void A_heap_in_a_worker_passes_the_kit(string name, string? options)
    {
        var known = HeapsUnderTest.ByName.Values.First(heap => heap.Name == name);
        if (HeapsUnderTest.WhyNot(known) is { } reason) Assert.Skip(reason);
        var plugin = new IsolatedPlugin(Builds.Plugin(name), name, name, options, TimeSpan.FromSeconds(20), HasFixedRegion: known.Capabilities.HasFlag(HeapCapabilities.FixedCapacity));
        var heap = new HeapUnderTest { Name = name + " in a worker", Create = context => new IsolatedHeap(plugin, context), Capabilities = known.Capabilities };

        var report = HeapConformance.RunAll(heap);

        Assert.True(report.Passed, report.ToString());
    }
}

using System.Runtime.CompilerServices;
using DmaHeap.Client;
using DmaHeap.Heaps;
using DmaHeap.Testing;
using DmaHeap.Tests.Support;
using Vendor;

namespace DmaHeap.Tests.Testing;

/// <summary>The examples of Testing/README.md, as they stand there.</summary>
public sealed class ReadmeTests
{
    private static readonly HeapUnderTest s_heap = HeapUnderTest.Of(context => new CountingHeap(context));

    public static TheoryData<string> Cases { get; } = [.. HeapConformance.CasesFor(s_heap).Select(each => each.Name)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void My_heap_passes(string name) => HeapConformance.Run(HeapConformance.Find(name), s_heap);

    [Fact]
    public async Task A_host_for_unit_tests()
    {
        await using var host = await DmaHeapTestHost.StartAsync("system", context => new SystemHeap(context));
        using var buffer = host.Allocate("system", 5000, "frame");

        Assert.True(buffer.Length >= 5000);
    }

    [Fact]
    public void A_built_plugin()
    {
        var file = Builds.Plugin("CountingHeap");
        using var plugin = PluginUnderTest.Load(file);
        var report = HeapConformance.RunAll(plugin.Heap("CountingHeap"));

        Assert.True(report.Passed, report.ToString());
    }

    [Fact]
    public async Task A_device_that_does_not_see_the_caches()
    {
        var device = new UncachedDevice();
        await using var host = DmaHeapTestHost.Start("camera", device.CreateHeap);
        using var exported = host.Allocate("camera", 4096, "frame");
        using var buffer = DmaBuffer.FromHandle(exported.Handle);

        using var camera = device.Attach(exported.Handle);
        camera.Write(0, [1, 2, 3]);

        using var mapping = buffer.Map();
        Assert.Equal(0, mapping.ReadOnlySpan[0]);

        Assert.Equal(1, camera.Read(0, 1)[0]);
        Assert.Equal(SyncFaultKind.ReadWithoutBegin, Assert.Single(device.Faults).Kind);
    }

    [Fact]
    public void The_examples_are_this_code()
    {
        string[] code = [.. ThisFile().Select(line => line.Trim())];
        string[] examples = [.. Examples(Path.Join(Path.GetDirectoryName(ThisPath()), "../../Testing/README.md")).Select(line => line.Trim())];

        Assert.NotEmpty(examples);
        Assert.Empty(examples.Except(code));
    }

    [Fact]
    public void The_table_names_every_case()
    {
        var text = File.ReadAllText(Path.Join(Path.GetDirectoryName(ThisPath()), "../../Testing/README.md"));
        Assert.All(HeapConformance.Cases, each => Assert.Contains($"| `{each.Name}` |", text));
    }

    private static IEnumerable<string> Examples(string path)
    {
        var inside = false;
        foreach (var line in File.ReadLines(path))
        {
            if (line.StartsWith("```", StringComparison.Ordinal)) inside = line == "```csharp";
            else if (inside) yield return line;
        }
    }

    private static string[] ThisFile() => File.ReadAllLines(ThisPath());

    private static string ThisPath([CallerFilePath] string path = "") => path;
}

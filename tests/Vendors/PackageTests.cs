using System.IO.Compression;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Xml.Linq;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Vendors;

/// <summary>What dotnet pack makes in a fresh clone, and that the contract is still what plugins were built against.</summary>
[Collection(FirstHeapCollection.Name)]
public sealed class PackageTests(FirstHeap made)
{
    public static TheoryData<string, string[]> Packages { get; } = new()
    {
        { "DmaHeap.Abstractions", [] },
        { "DmaHeap.Protocol", [] },
        { "DmaHeap.Linux", [] },
        { "DmaHeap.Plugins", ["DmaHeap.Abstractions"] },
        { "DmaHeap.Client", ["DmaHeap.Linux", "DmaHeap.Protocol"] },
        { "DmaHeap.Hosting", ["DmaHeap.Abstractions", "DmaHeap.Linux", "DmaHeap.Plugins", "DmaHeap.Protocol", "Microsoft.Extensions.Hosting"] },
        { "DmaHeap.Testing", ["DmaHeap.Abstractions", "DmaHeap.Client", "DmaHeap.Hosting"] },
    };

    [Theory]
    [MemberData(nameof(Packages))]
    public void A_package_has_its_documentation_a_readme_its_symbols_and_needs_only_what_its_room_may_use(string name, string[] needed)
    {
        using var package = ZipFile.OpenRead(PackageOf(name));
        var entries = package.Entries.Select(entry => entry.FullName).ToList();
        Assert.Contains($"lib/net10.0/{name}.dll", entries);
        Assert.Contains($"lib/net10.0/{name}.xml", entries);
        Assert.Contains("README.md", entries);

        var about = XDocument.Load(package.GetEntry($"{name}.nuspec")!.Open()).Root!.Elements().Single();
        string Said(string element) => (string?)about.Elements().FirstOrDefault(each => each.Name.LocalName == element) ?? "";
        Assert.Equal(("MIT", "README.md"), (Said("license"), Said("readme")));
        Assert.NotEqual("Package Description", Said("description"));
        Assert.Equal(needed, about.Descendants().Where(each => each.Name.LocalName == "dependency").Select(each => (string)each.Attribute("id")!).Order(StringComparer.Ordinal));
        Assert.NotEmpty(SourcesInside(package.GetEntry($"lib/net10.0/{name}.dll")!));
    }

    [Fact]
    public void Nothing_else_is_packed_but_the_command_and_the_template()
    {
        Assert.SkipUnless(made.Ended.ExitCode == 0, "the packages were not made; see the document's test");
        Assert.Equal(
            Packages.Select(row => row.Data.Item1).Append("DmaHeap.Templates").Append("dmaheap")
                .Select(name => $"{name}.0.1.0-{made.Workshop.VersionSuffix}.nupkg").Order(StringComparer.Ordinal),
            Directory.EnumerateFiles(made.Feed).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_command_brings_the_heaps_that_its_configuration_names()
    {
        using var package = ZipFile.OpenRead(PackageOf("dmaheap"));
        var named = Hosting.Configuration.ConfigurationReader.Parse(new StreamReader(package.GetEntry("tools/net10.0/any/plugins.json")!.Open()).ReadToEnd()).ValueOrThrow()!;
        Assert.All(named.Heaps, heap => Assert.NotNull(package.GetEntry($"tools/net10.0/any/plugins/{heap.Plugin}/{heap.Plugin}.dll")));
    }

    [Fact]
    public async Task A_contract_that_lost_a_member_cannot_be_packed_and_one_that_gained_one_can()
    {
        var source = Path.Combine(made.Clone, "Abstractions", "Plugins", "HeapCapabilitiesAttribute.cs");
        var code = File.ReadAllText(source);
        Assert.Contains("Unmappable = 8,", code);
        File.WriteAllText(source, code.Replace("Unmappable = 8,", "Unmapped = 8,", StringComparison.Ordinal));
        var less = await made.Workshop.RunAsync("dotnet pack Abstractions --no-restore -o ../changed", made.Clone);

        Assert.NotEqual(0, less.ExitCode);
        Assert.True(less.Output.Contains("CP0002", StringComparison.Ordinal), less.Output + less.Error);
        Assert.Contains("DmaHeap.HeapCapabilities.Unmappable", less.Output);
        Assert.DoesNotContain("HeapCapabilities.Unmapped", less.Output);

        File.WriteAllText(source, code.Replace("Unmappable = 8,", "Unmappable = 8,\n\n    /// <summary>New.</summary>\n    Unmapped = 1 << 20,", StringComparison.Ordinal));
        var more = await made.Workshop.RunAsync("dotnet pack Abstractions --no-restore -o ../changed", made.Clone);
        Assert.True(more.ExitCode == 0, more.Output + more.Error);
    }

    string PackageOf(string name)
    {
        Assert.SkipUnless(made.Ended.ExitCode == 0, "the packages were not made; see the document's test");
        return Path.Combine(made.Feed, $"{name}.0.1.0-{made.Workshop.VersionSuffix}.nupkg");
    }

    /// <summary>Names of the sources whose symbols are in an assembly: none of a folder of this machine.</summary>
    static List<string> SourcesInside(ZipArchiveEntry entry)
    {
        using var bytes = new MemoryStream();
        using (var stream = entry.Open()) stream.CopyTo(bytes);
        bytes.Position = 0;
        using var image = new PEReader(bytes);
        var embedded = image.ReadDebugDirectory().Single(each => each.Type == DebugDirectoryEntryType.EmbeddedPortablePdb);
        using var symbols = image.ReadEmbeddedPortablePdbDebugDirectoryData(embedded);
        var reader = symbols.GetMetadataReader();
        List<string> sources = [.. reader.Documents.Select(each => reader.GetString(reader.GetDocument(each).Name))];
        Assert.All(sources, source => Assert.StartsWith("/_/", source));
        return sources;
    }
}

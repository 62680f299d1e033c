using System.Text.Json.Nodes;
using DmaHeap.Hosting;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Vendors;

/// <summary>docs/vendors.md leads where it says, outside the clone, with packages made a moment ago.</summary>
[Collection(FirstHeapCollection.Name)]
public sealed class VendorsDocumentTests(FirstHeap made)
{
    [Fact]
    public void Its_commands_lead_from_a_clone_to_a_buffer()
    {
        Assert.True(made.Ended.ExitCode == 0, $"exit code {made.Ended.ExitCode}\n{made.Ended.Output}\n{made.Ended.Error}");
        Assert.Contains("Test run summary: Passed!", made.Ended.Output);
        Assert.Matches("(?m)^this host +takes it", made.Ended.Output);
        Assert.Matches(@"(?m)^\S+ +videoheap +- +8 MiB", made.Ended.Output);
        Assert.Contains("Listening on " + made.Workshop["socket"], made.Ended.Output);
    }

    [Fact]
    public void Its_lines_of_code_are_those_of_the_new_plugin()
    {
        Succeeded();
        var code = Directory.EnumerateFiles(made.Project, "*.cs", SearchOption.AllDirectories).SelectMany(File.ReadLines).Select(line => line.Trim()).ToHashSet();
        var shown = VendorsDocument.Blocks.Where(block => block.Kind == "csharp").SelectMany(block => block.Text.Split('\n')).Select(line => line.Trim()).ToList();

        Assert.NotEmpty(shown);
        Assert.Empty(shown.Except(code));
    }

    [Fact]
    public void Its_table_names_every_refusal_there_is()
    {
        var named = File.ReadLines(Repository.File("docs", "vendors.md")).Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .SelectMany(line => System.Text.RegularExpressions.Regex.Matches(line.Split('|')[1], "`([a-zA-Z]+)`").Select(match => match.Groups[1].Value));
        Assert.Equal(
            Enum.GetNames<DmaHeap.Plugins.PluginRefusal>().Select(System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName).Order(StringComparer.Ordinal),
            named.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_conformance_kit_ran_on_the_new_heap()
    {
        Succeeded();
        var cases = DmaHeap.Testing.HeapConformance.Cases.Count(each => (each.Needs & ~(HeapCapabilities.CpuMappable | HeapCapabilities.ZeroFilled)) == 0);
        var total = System.Text.RegularExpressions.Regex.Match(made.Ended.Output, @"(?m)^ *total: (\d+)");
        Assert.True(int.Parse(total.Groups[1].Value) >= cases, $"{total.Value}, and the kit has {cases} cases for it");
    }

    [Fact]
    public void It_was_built_for_packages_no_other_build_has()
    {
        Succeeded();
        var assets = JsonNode.Parse(File.ReadAllText(Path.Combine(made.Project, "Acme.VideoHeap.Tests", "obj", "project.assets.json")))!;
        Assert.Contains(assets["libraries"]!.AsObject(), library => library.Key == $"DmaHeap.Testing/0.1.0-{made.Workshop.VersionSuffix}");
        Assert.False(Directory.Exists(Path.Combine(made.Workshop["home"], ".nuget", "packages", "dmaheap.testing")));
    }

    [Fact]
    public void A_host_in_this_process_loads_it_and_hands_out_its_buffers()
    {
        Succeeded();
        using var host = new TestHost(options => options with { PluginFiles = [made.Plugin] });
        using (var buffer = host.Allocate(5000, "videoheap")) Assert.True(buffer.Length >= 5000);
        Assert.Equal(HeapCause.LargerThanHeap, host.Refused(512 << 20, "videoheap").Cause);
    }

    [Fact]
    public void Its_configuration_is_right() =>
        Succeeded(() => Assert.Equal(
            ["videoheap"], Hosting.Configuration.ConfigurationCheck.Run(new DmaHeapHostOptions { ConfigurationPath = Path.Combine(made.Project, "plugins.json") })));

    [Fact]
    public void Its_folder_has_neither_the_contract_nor_anything_of_the_host() =>
        Succeeded(() => Assert.Empty(Directory.EnumerateFiles(Path.GetDirectoryName(made.Plugin)!, "DmaHeap.*")));

    [Fact]
    public async Task Names_that_are_no_identifiers_become_some()
    {
        Succeeded();
        // From the package this time, as somebody without a clone has it.
        var ended = await made.Workshop.RunAsync($"""
            hive="--debug:custom-hive {made.Workshop["hive"]}"
            dotnet new install {made.Feed}/DmaHeap.Templates.*.nupkg $hive
            dotnet new dmaheap-plugin -n my-2nd.4k-heap --feed {made.Feed} $hive
            dotnet new dmaheap-plugin -n Plain $hive
            ls my-2nd.4k-heap/my-2nd.4k-heap Plain
            grep -h '^namespace\|class' my-2nd.4k-heap/*/*heap*.cs Plain/Plain/*.cs
            """);
        Assert.True(ended.ExitCode == 0, ended.Output + ended.Error);
        Assert.Contains("class _4k_heap(", ended.Output);
        Assert.Contains("namespace my_2nd;", ended.Output);
        // A class called like its namespace would be in its own way.
        Assert.Contains("class Plain(", ended.Output);
        Assert.Contains("namespace PlainPlugin;", ended.Output);
        // Without a feed of its own there is nothing to say of feeds.
        Assert.DoesNotContain("nuget.config", ended.Output);
    }

    void Succeeded() => Assert.SkipUnless(made.Ended.ExitCode == 0, "the commands of the document failed; see that test");

    void Succeeded(Action then)
    {
        Succeeded();
        then();
    }
}

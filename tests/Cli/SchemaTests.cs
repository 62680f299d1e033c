using System.Text.Json.Nodes;
using DmaHeap.Tests.Loader;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Cli;

public sealed class SchemaTests : IDisposable
{
    readonly CliSandbox _sandbox = new();
    readonly PluginSandbox _plugins = new();

    public void Dispose()
    {
        _sandbox.Dispose();
        _plugins.Dispose();
    }

    [Fact]
    public async Task Each_rule_for_an_installed_plugin_is_that_of_the_committed_schema()
    {
        var committed = RulesOf(JsonNode.Parse(File.ReadAllText(Repository.File("docs", "plugins.schema.json")))!);
        var printed = RulesOf(JsonNode.Parse((await _sandbox.RunAsync("schema")).Output)!);

        Assert.Equal(["AttachTimeHeap", "CmaHeap", "FakeHeap", "RegionHeap", "SecureHeap", "SystemHeap"], printed.Keys.Order());
        Assert.All(printed, rule => Assert.True(JsonNode.DeepEquals(committed[rule.Key], rule.Value), rule.Key));
    }

    [Fact]
    public async Task A_plugin_given_by_path_is_described_under_that_path()
    {
        var path = _plugins.Deploy("GoodPlugin");
        var schema = JsonNode.Parse((await _sandbox.RunAsync("schema", "--plugin", path)).Output)!;
        var rules = schema["properties"]!["heaps"]!["patternProperties"]!.AsObject().Single().Value!["allOf"]!.AsArray();

        // Two heap types: each has its own options.
        Assert.Equal(["probe", "PlainHeap"], rules.Where(rule => NameIn(rule!) == path).Select(rule => (string)Condition(rule!)["type"]!["enum"]![0]!));
    }

    [Fact]
    public async Task A_plugin_given_that_cannot_be_used_is_an_error_and_nothing_is_printed()
    {
        var ended = await _sandbox.RunAsync("schema", "--plugin", "/nowhere/Some.dll");
        Assert.Equal((78, ""), (ended.ExitCode, ended.Output));
        Assert.Contains("/nowhere/Some.dll does not exist", ended.Error);
    }

    [Fact]
    public async Task One_installed_that_cannot_be_used_is_left_out_with_a_word()
    {
        var path = _plugins.Deploy("GoodPlugin", AssemblyBytes.ReferenceVersion("DmaHeap.Abstractions", 9, 0));
        using var program = _sandbox.StartOther(
            "/usr/bin/env", $"DMAHEAP_PLUGINS={Path.GetDirectoryName(path)}:{Builds.Folder("SystemHeap")}", Path.Combine(Builds.Folder("DmaHeap.Cli"), "dmaheap"), "schema");
        var ended = await program.EndAsync();

        Assert.Equal(0, ended.ExitCode);
        Assert.Equal(["SystemHeap"], RulesOf(JsonNode.Parse(ended.Output)!).Keys);
        Assert.Contains("left out: Plugin 'GoodPlugin'", ended.Error);
    }

    static Dictionary<string, JsonNode> RulesOf(JsonNode schema) =>
        schema["properties"]!["heaps"]!["patternProperties"]!.AsObject().Single().Value!["allOf"]!.AsArray().ToDictionary(rule => NameIn(rule!), rule => rule!);

    static string NameIn(JsonNode rule) => (string)Condition(rule)["plugin"]!["enum"]![0]!;

    static JsonNode Condition(JsonNode rule) => rule["anyOf"]![0]!["not"]!["properties"]!;
}

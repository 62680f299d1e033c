using System.Text.Json.Nodes;

namespace DmaHeap.Tests.Cli;

public sealed class ValidateTests : IDisposable
{
    readonly CliSandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public async Task A_right_file_is_exit_code_0_and_its_heaps()
    {
        var document = await _sandbox.AskAsync("validate", _sandbox.Configuration);
        Assert.True((bool)document["valid"]!);
        Assert.Equal(["system", "region", "secure"], document["heaps"]!.AsArray().Select(heap => (string?)heap));
    }

    [Fact]
    public async Task All_errors_of_a_file_are_printed_each_with_its_place()
    {
        var file = _sandbox.Write("wrong.json", """
            {
              "version": 1,
              "heaps": {
                "a": { "plugin": "SystemHeap", "optoins": {} },
                "b": { "plugin": "CmaHeap", "commit": "later" }
              }
            }
            """);
        var ended = await _sandbox.RunAsync("validate", file);
        Assert.Equal(78, ended.ExitCode);
        Assert.Equal(
            [$"{file}:4:36: $.heaps.a.optoins: ", $"{file}:5:43: $.heaps.b.commit: "],
            ended.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line[..(line.IndexOf(": ", line.IndexOf('$')) + 2)]));
        Assert.Contains("\"options\"", ended.Output);
    }

    [Fact]
    public async Task Plugins_are_loaded_and_their_options_bound()
    {
        var file = _sandbox.Write("wrong.json", """
            { "version": 1, "heaps": {
              "a": { "plugin": "NoSuchHeap" },
              "b": { "plugin": "CmaHeap", "options": { "size": "64MB" } } } }
            """);
        var ended = await _sandbox.RunAsync("validate", file, "--json");
        Assert.Equal(78, ended.ExitCode);
        var document = JsonNode.Parse(ended.Output)!;
        Assert.False((bool)document["valid"]!);
        Assert.Equal(
            [(2, "$.heaps.a.plugin"), (3, "$.heaps.b.options.size")],
            document["errors"]!.AsArray().Select(error => ((int)error!["line"]!, (string)error["path"]!)));
    }

    [Fact]
    public async Task A_file_that_is_not_there_is_said_to_be_so()
    {
        var ended = await _sandbox.RunAsync("validate", "/nowhere/plugins.json");
        Assert.Equal(78, ended.ExitCode);
        Assert.Contains("/nowhere/plugins.json: cannot be read", ended.Output);
    }
}

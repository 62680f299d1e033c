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

    [Theory]
    [InlineData("validate")]
    [InlineData("serve", "--config")]
    public async Task What_is_said_of_pages_that_a_heap_does_not_take_is_refused_where_it_stands(params string[] command)
    {
        var file = _sandbox.Write("wrong.json", """
            { "version": 1, "heaps": {
              "secret": { "plugin": "SecureHeap", "pool": {}, "pages": "auto", "recycle": "domain", "required": false },
              "range": { "plugin": "RegionHeap", "isolation": "process", "options": { "path": "/x", "size": "1MiB" },
                         "recycle": "domain", "pool": {}, "pages": "2MiB" },
              "late": { "plugin": "AttachTimeHeap", "pool": {}, "pages": "auto", "recycle": "domain" },
              "plain": { "plugin": "SecureHeap", "pages": "4KiB", "recycle": "never" },
              "cma": { "plugin": "CmaHeap", "pool": {}, "pages": "auto", "recycle": "domain" } } }
            """);
        var ended = await _sandbox.RunAsync([.. command, file]);
        Assert.Equal(78, ended.ExitCode);
        const string TakesNone = "takes no pages of the host's memory service", GivesNone = "has no memory that clients could give back";
        Assert.Equal(
            [
                Refusal("2:47: $.heaps.secret.pool", "SecureHeap", TakesNone), Refusal("2:60: $.heaps.secret.pages", "SecureHeap", TakesNone), Refusal("2:79: $.heaps.secret.recycle", "SecureHeap", GivesNone),
                Refusal("4:25: $.heaps.range.recycle", "RegionHeap", GivesNone), Refusal("4:43: $.heaps.range.pool", "RegionHeap", TakesNone), Refusal("4:56: $.heaps.range.pages", "RegionHeap", TakesNone),
                Refusal("5:81: $.heaps.late.recycle", "AttachTimeHeap", GivesNone),
            ],
            (ended.Output + ended.Error).Split('\n').Where(line => line.Contains("$.", StringComparison.Ordinal)).Select(line => line[line.IndexOf(file, StringComparison.Ordinal)..]));

        string Refusal(string place, string type, string why) => $"{file}:{place}: means nothing here, as {type} {why}: leave \"{place[(place.LastIndexOf('.') + 1)..]}\" out";
    }

    [Fact]
    public async Task A_file_that_is_not_there_is_said_to_be_so()
    {
        var ended = await _sandbox.RunAsync("validate", "/nowhere/plugins.json");
        Assert.Equal(78, ended.ExitCode);
        Assert.Contains("/nowhere/plugins.json: cannot be read", ended.Output);
    }
}

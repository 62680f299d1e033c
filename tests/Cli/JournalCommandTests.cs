using System.Text.Json.Nodes;

namespace DmaHeap.Tests.Cli;

/// <summary><c>dmaheap journal</c> with a daemon that has a scripted heap in its configuration.</summary>
public sealed class JournalCommandTests
{
    [Fact]
    public async Task It_prints_what_happened_as_lines_as_one_document_and_from_a_line_on()
    {
        using var sandbox = Scripted();
        using var host = await sandbox.ServeAsync();
        Assert.Equal(1, (await sandbox.RunAsync("alloc", "fake", "8KiB", "--count", "3", "--name", "frame")).ExitCode);

        var ended = await sandbox.RunAsync("journal", "fake");
        var lines = Lines(ended.Output);
        Assert.Equal((0, ""), (ended.ExitCode, ended.Error));
        Assert.Equal(["start", "allocate", "allocate"], lines.Where(line => (string)line["hook"]! is "start" or "allocate").Select(line => (string)line["hook"]!));
        Assert.Equal("frame", (string)lines[1]["name"]!);

        var document = await sandbox.AskAsync("journal", "fake", "--after", "1");
        Assert.Equal((lines.Length, lines.Length - 1, 0), ((int)document["last"]!, document["lines"]!.AsArray().Count, (int)document["dropped"]!));
    }

    [Fact]
    public async Task It_follows_what_happens_until_it_is_interrupted()
    {
        using var sandbox = Scripted();
        using var host = await sandbox.ServeAsync();
        using var following = sandbox.Start("journal", "fake", "--follow");
        await following.PrintedAsync(text => text.Contains("\"start\""));

        Assert.Equal(0, (await sandbox.RunAsync("alloc", "fake", "8KiB")).ExitCode);
        await following.PrintedAsync(text => text.Contains("\"release\""));
        following.Signal(CliSandbox.SigInt);
        var ended = await following.EndAsync();

        Assert.Equal((0, ""), (ended.ExitCode, ended.Error));
        Assert.Equal(Enumerable.Range(1, Lines(ended.Output).Length), Lines(ended.Output).Select(line => (int)line["n"]!));
    }

    [Theory]
    [InlineData(1, "no-journal", "journal", "system")]
    [InlineData(1, "unknown-heap", "journal", "nowhere")]
    [InlineData(2, "usage", "journal")]
    [InlineData(2, "usage", "journal", "fake", "--after", "-1")]
    [InlineData(2, "usage", "journal", "fake", "--follow")]
    public async Task What_cannot_be_printed_is_told(int code, string cause, params string[] arguments)
    {
        using var sandbox = Scripted();
        using var host = await sandbox.ServeAsync();
        var ended = await sandbox.RunAsync([.. arguments, "--json"]);
        Assert.Equal((code, cause), (ended.ExitCode, (string)JsonNode.Parse(ended.Output)!["error"]!["cause"]!));
    }

    [Fact]
    public async Task A_host_does_not_start_with_a_script_that_is_wrong_and_says_where()
    {
        using var sandbox = Scripted(""", "options": { "rules": [ { "on": "allocat", "fail": "EIO" } ] }""");
        var ended = await sandbox.RunAsync("serve");
        Assert.Equal(78, ended.ExitCode);
        Assert.Contains("$.heaps.fake.options.rules[0].on: expected one of", ended.Error);
    }

    private static CliSandbox Scripted(string options = """, "options": { "rules": [ { "on": "allocate", "call": 2, "fail": "ENOMEM" } ] }""")
    {
        var sandbox = new CliSandbox();
        sandbox.WriteConfiguration($$""" "system": { "plugin": "SystemHeap" }, "fake": { "plugin": "FakeHeap"{{options}} } """);
        return sandbox;
    }

    private static JsonObject[] Lines(string text) => [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!.AsObject())];
}

using System.Text.Json.Nodes;
using DmaHeap.Testing;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Cli;

public sealed class PluginTestTests : IDisposable
{
    static readonly string s_brittle = Builds.Plugin("BrittlePlugin");

    readonly CliSandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public async Task A_plugin_that_passes_is_exit_code_0_and_every_case_says_what_it_checks()
    {
        var ended = await _sandbox.RunAsync("plugin", "test", Builds.Plugin("SystemHeap"));
        Assert.Equal(0, ended.ExitCode);
        Assert.All(HeapConformance.Cases, each => Assert.Contains(each.Name, ended.Output));
        Assert.Contains(HeapConformance.Find("lengths").Checks, ended.Output);
        Assert.EndsWith($"{Builds.Plugin("SystemHeap")} passes.\n", ended.Output);
    }

    [Theory]
    [InlineData("crash", "was ended by signal 6")]
    [InlineData("hang", "did not end within 3 s")]
    public async Task A_case_that_takes_its_process_along_has_failed_and_the_others_are_run(string mishap, string seen)
    {
        var ended = await _sandbox.RunAsync("plugin", "test", s_brittle, "--options", $$"""{"large":"{{mishap}}"}""", "--limit", "3", "--json");

        Assert.Equal(1, ended.ExitCode);
        var cases = JsonNode.Parse(ended.Output)!["heaps"]![0]!["cases"]!.AsArray();
        Assert.Equal(HeapConformance.Cases.Select(each => each.Name).Order(), cases.Select(row => (string)row!["case"]!).Order());
        var failed = cases.Where(row => (string?)row!["outcome"] == "failed").ToList();
        Assert.Equal(["lengths", "cpu-mappable"], failed.Select(row => (string?)row!["case"]));
        Assert.All(failed, row => Assert.Contains(seen, (string?)row!["detail"]));
        Assert.Empty(_sandbox.LeftBehind);
    }

    [Theory]
    [InlineData("exit", "ended with exit code 0")]
    [InlineData("hang", "did not end within 1 s")]
    public async Task A_heap_that_takes_along_whoever_makes_it_is_given_up_after_three_cases(string mishap, string seen)
    {
        var ended = await _sandbox.RunAsync("plugin", "test", s_brittle, "--options", $$"""{"begin":"{{mishap}}"}""", "--limit", "1", "--json");

        Assert.Equal(1, ended.ExitCode);
        var rows = JsonNode.Parse(ended.Output)!["heaps"]![0]!["cases"]!.AsArray();
        Assert.Equal(HeapConformance.Cases.Count, rows.Count);
        Assert.All(rows.Where(row => (string?)row!["outcome"] == "failed"), row => Assert.Contains(seen, (string?)row!["detail"]));
        Assert.Equal(3, rows.Count(row => (string?)row!["outcome"] == "failed"));
        Assert.Contains("not run: 3 cases in a row", (string?)rows[^1]!["detail"]);
    }

    [Theory]
    [InlineData("stay", "unload")] // a thread holds on to the plugin's code
    [InlineData("child")]
    public async Task What_a_plugin_leaves_running_keeps_nobody_from_the_result(string remainder, params string[] failed)
    {
        var ended = await _sandbox.RunAsync("plugin", "test", s_brittle, "--options", $$"""{"begin":"{{remainder}}"}""", "--json");
        var rows = JsonNode.Parse(ended.Output)!["heaps"]![0]!["cases"]!.AsArray();
        Assert.Equal(failed, rows.Where(row => (string?)row!["outcome"] == "failed").Select(row => (string)row!["case"]!));
        Assert.Equal(failed.Length == 0 ? 0 : 1, ended.ExitCode);
    }

    [Fact]
    public async Task Interrupted_it_says_so_and_no_more()
    {
        using var testing = _sandbox.StartOther(
            "/bin/sh", "-c", "exec \"$0\" \"$@\" 2>&1", Path.Combine(Builds.Folder("DmaHeap.Cli"), "dmaheap"), "plugin", "test", s_brittle, "--options", """{"begin":"hang"}""");
        await testing.PrintedAsync(text => text.Contains("a plugin may hang"));
        testing.Signal(CliSandbox.SigInt);
        var ended = await testing.EndAsync();
        Assert.Equal(1, ended.ExitCode);
        Assert.Contains("interrupted before all cases had run", ended.Output);
        Assert.DoesNotContain("   at ", ended.Output);
    }

    [Fact]
    public async Task The_same_plugin_passes_without_its_mishap_and_what_it_prints_is_not_the_result()
    {
        var ended = await _sandbox.RunAsync("plugin", "test", s_brittle, "--json");

        Assert.True((bool)JsonNode.Parse(ended.Output)!["passed"]!, ended.Output);
        Assert.Contains("a plugin may print what it likes", ended.Error);
    }

    [Fact]
    public async Task Wrong_options_are_told_with_their_place_in_their_file()
    {
        var file = _sandbox.Write("options.json", """
            {
              "large": "works"
            }
            """);
        var ended = await _sandbox.RunAsync("plugin", "test", s_brittle, "--options", file);

        Assert.Equal(78, ended.ExitCode);
        Assert.Contains($"{file}:2:12: $.large: expected one of \"work\", \"crash\", \"hang\"", ended.Error);
    }

    [Fact]
    public async Task A_file_that_is_no_plugin_or_has_no_such_heap_is_refused_before_anything_runs()
    {
        Assert.Equal(78, (await _sandbox.RunAsync("plugin", "test", _sandbox.Write("text.dll", "text"))).ExitCode);
        var ended = await _sandbox.RunAsync("plugin", "test", s_brittle, "--heap", "NoSuchHeap");
        Assert.Equal(2, ended.ExitCode);
        Assert.Contains("it has BrittleHeap", ended.Error);
        Assert.Equal(2, (await _sandbox.RunAsync("plugin", "test", s_brittle, "--options", "no-such-file")).ExitCode);
    }
}

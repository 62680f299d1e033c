using System.Text.Json.Nodes;

namespace DmaHeap.Tests.Cli;

public sealed class DemoTests : IDisposable
{
    readonly CliSandbox _sandbox = new() { Diagnostics = true };

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public async Task Every_heap_of_this_machine_passes_and_nothing_is_left()
    {
        var demo = await _sandbox.AskAsync("demo");
        var heaps = demo["heaps"]!.AsArray();
        Assert.True((bool)demo["passed"]!);
        Assert.Equal(["system", "region", "secure", "demo-secure", "demo-attach-time", "demo-region"], heaps.Select(heap => (string)heap!["heap"]!));
        Assert.All(heaps, heap =>
        {
            if ((string)heap!["outcome"]! == "skipped") Assert.Contains("secret", (string)heap["reason"]!);
            else Assert.Equal("Release ran, once", (string)heap["steps"]!.AsArray()[^1]!["step"]!);
        });
        Assert.Contains(heaps[0]!["steps"]!.AsArray(), step => (string)step!["step"]! == "B found all 8388608 bytes as A wrote them");
        string[] Steps(int heap) => [.. heaps[heap]!["steps"]!.AsArray().Select(step => (string)step!["step"]!)];
        Assert.All(new[] { 3, 4, 5 }, heap => Assert.True(Steps(heap) is [] || Steps(heap).Contains("C found all 8388608 bytes as B wrote them")));
        Assert.Contains("B mapped too early (EAGAIN): the memory is made for both, and C is missing", Steps(4));
        Assert.DoesNotContain(Steps(5), step => step.Contains("too early"));
        Assert.Empty(_sandbox.LeftBehind);
    }

    [Fact]
    public async Task A_step_that_fails_is_told_the_other_heaps_are_shown_and_the_exit_code_is_1()
    {
        _sandbox.WriteConfiguration("""
            "small": { "plugin": "CmaHeap", "options": { "size": "1MiB" } },
            "system": { "plugin": "SystemHeap" }
            """);
        var ended = await _sandbox.RunByDotnetAsync("demo", "--json");
        Assert.Equal(1, ended.ExitCode);
        var heaps = JsonNode.Parse(ended.Output)!["heaps"]!.AsArray();
        Assert.Equal(["failed", "passed"], heaps.Take(2).Select(heap => (string)heap!["outcome"]!));
        Assert.Contains("larger-than-heap", (string)heaps[0]!["reason"]!);
        Assert.Empty(_sandbox.LeftBehind);
    }

    [Fact]
    public async Task A_heap_the_machine_cannot_have_is_skipped_with_the_reason()
    {
        _sandbox.WriteConfiguration("""
            "system": { "plugin": "SystemHeap" },
            "missing": { "plugin": "NoSuchHeap", "required": false }
            """);
        var ended = await _sandbox.RunAsync("demo");
        Assert.Equal(0, ended.ExitCode);
        Assert.Contains("missing (NoSuchHeap)\n  skipped: Plugin 'NoSuchHeap' is not found.", ended.Output);
        Assert.Matches("Heaps: (4 passed, 1|3 passed, 2) skipped", ended.Output); // with the three that need no configuration, of which one needs secret memory
    }

    [Fact]
    public async Task An_interrupted_demo_takes_its_processes_and_files_with_it()
    {
        using var demo = _sandbox.Start("demo", "--size", "64MiB");
        await demo.PrintedAsync(text => text.Contains("A allocated"));
        demo.Signal(CliSandbox.SigTerm);
        // Standard error ends only when the last of its processes is gone, as they have it too.
        var ended = await demo.EndAsync();
        Assert.Equal(1, ended.ExitCode);
        Assert.Contains("interrupted", ended.Output);
        Assert.Empty(_sandbox.LeftBehind);
    }
}

using System.Text.Json.Nodes;
using DmaHeap.Tests.Cli;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Bench;

/// <summary>The command around the benchmarks; what they measure is nothing for a test.</summary>
public sealed class BenchCommandTests : IDisposable
{
    readonly CliSandbox _sandbox = new();

    static string Program => Path.Combine(Builds.Folder("DmaHeap.Bench"), "DmaHeap.Bench");

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public async Task Its_help_names_every_part_there_is()
    {
        var known = await RunningProgram.RunAsync(Program, ["--help"]);
        var parts = known.Output.Split('\n').Where(line => line.StartsWith("  ", StringComparison.Ordinal) && !line.TrimStart().StartsWith('-')).Select(line => line.Trim().Split(' ')[0]).ToArray();
        Assert.Equal(0, known.ExitCode);
        Assert.NotEmpty(parts);
        var help = await _sandbox.RunAsync("bench", "--help");
        Assert.Equal(0, help.ExitCode);
        Assert.Contains(string.Join(", ", parts), help.Output.ReplaceLineEndings(" ").Replace("  ", "", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_unknown_part_is_exit_code_2_with_those_there_are_and_nothing_is_built()
    {
        foreach (var ended in new[] { await _sandbox.RunAsync("bench", "hosts"), await RunningProgram.RunAsync(Program, ["hosts"]) })
        {
            Assert.Equal((2, ""), (ended.ExitCode, ended.Output));
            Assert.Contains("hosts", ended.Error);
            Assert.Contains("isolation", ended.Error);
            Assert.DoesNotContain("building", ended.Error);
        }
    }

    [Fact]
    public async Task Without_a_C_compiler_it_says_what_is_missing()
    {
        var ended = await RunningProgram.RunAsync(Program, ["host", "--output", "/nowhere"], new Dictionary<string, string?> { ["PATH"] = "/nowhere" });
        Assert.Equal((1, ""), (ended.ExitCode, ended.Output));
        Assert.Contains("C compiler", ended.Error);
        ended = await RunningProgram.RunAsync(Program, ["host", "--json", "--output", "/nowhere"], new Dictionary<string, string?> { ["PATH"] = "/nowhere" });
        Assert.Contains("C compiler", (string?)JsonNode.Parse(ended.Output)!["error"]!["message"]);
    }

    [Fact]
    public async Task An_installed_program_says_that_the_benchmarks_need_a_clone()
    {
        var installed = Directory.CreateTempSubdirectory("dmaheap-tests-");
        try
        {
            foreach (var file in Directory.GetFiles(Builds.Folder("DmaHeap.Cli"))) File.Copy(file, Path.Combine(installed.FullName, Path.GetFileName(file)));
            var ended = await RunningProgram.RunAsync(Path.Combine(installed.FullName, "dmaheap"), ["bench", "host"]);
            Assert.Equal((1, ""), (ended.ExitCode, ended.Output));
            Assert.Contains("clone the repository", ended.Error);
        }
        finally
        {
            installed.Delete(recursive: true);
        }
    }
}

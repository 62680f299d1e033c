using System.Text.Json.Nodes;

namespace DmaHeap.Tests.Cli;

/// <summary>What is told of wrong command lines and missing hosts.</summary>
public sealed class UsageTests : IDisposable
{
    readonly CliSandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    [Theory]
    [InlineData("", "serve")]
    [InlineData("aloc system 8MiB", "aloc")]
    [InlineData("alloc system", "Required argument")]
    [InlineData("alloc system 8MB", "8MiB")]
    [InlineData("alloc system 4KiB 8MB", "8MiB")]
    [InlineData("alloc system 0x8MiB", "3x8MiB")]
    [InlineData("alloc system -1x8MiB", "-1x8MiB")]
    [InlineData("alloc system 3x", "3x8MiB")]
    [InlineData("alloc system 8MiB --count 0", "--count")]
    [InlineData("alloc system 8MiB --hold -1", "--hold")]
    [InlineData("validate", "Required argument")]
    [InlineData("shrink -1", "such as 8388608")]
    [InlineData("shrink 0", "such as 8388608")]
    [InlineData("shrink 8MB", "such as 8MiB")]
    [InlineData("shrink 1,5GiB", "such as 8MiB")]
    [InlineData("shrink 8388608TiB", "such as 8MiB")]
    [InlineData("shrink system 8MB", "such as 8MiB")]
    [InlineData("shrink system 0", "such as 8388608")]
    public async Task A_wrong_command_line_is_exit_code_2_with_nothing_on_standard_output(string line, string hint)
    {
        var ended = await _sandbox.RunAsync(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(2, ended.ExitCode);
        Assert.Empty(ended.Output);
        Assert.Contains(hint, ended.Error);
    }

    [Theory]
    [InlineData("list")]
    [InlineData("buffers")]
    [InlineData("stats")]
    [InlineData("alloc system 8MiB")]
    [InlineData("shrink 8MiB")]
    [InlineData("shrink 3d-engine")]
    [InlineData("shrink 8MB 8MiB")]
    public async Task Without_a_host_the_exit_code_is_3_and_the_message_says_what_to_do(string line)
    {
        var ended = await _sandbox.RunAsync([.. line.Split(' '), "--json"]);
        Assert.Equal(3, ended.ExitCode);
        Assert.Equal("no-host", (string?)JsonNode.Parse(ended.Output)!["error"]!["cause"]);
        Assert.Contains(_sandbox.Socket, ended.Error);
        Assert.Contains("dmaheap serve", ended.Error);
    }

    [Fact]
    public async Task Version_names_program_protocol_and_runtime()
    {
        var version = await _sandbox.AskAsync("version");
        Assert.Equal(typeof(DmaHeap.Hosting.DmaHeapHost).Assembly.GetName().Version!.ToString(3), (string?)version["version"]);
        Assert.Equal("1.0", (string?)version["protocol"]);
        Assert.StartsWith(".NET 10.", (string?)version["runtime"]);
    }
}

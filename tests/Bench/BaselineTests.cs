using System.Text.Json.Nodes;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Linux;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Bench;

/// <summary>The C side of the benchmarks: that it compiles without a warning and does what it says, not how fast.</summary>
public sealed class BaselineTests : IDisposable
{
    readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(40, "--batch", "1")]
    [InlineData(40, "--group", "3")]
    [InlineData(80, "--clients", "2")]
    public async Task The_client_makes_its_trips_with_the_broker(int trips, string option, string value)
    {
        using var broker = RunningProgram.Start(CCompiler.CompileBaseline("c_broker"), [_directory["socket"], "2"], spokenTo: true);
        await broker.PrintedAsync(text => text.Contains("ready"));
        var line = await TripsAsync(_directory["socket"], option, value);
        Assert.Equal(trips, (int)line["trips"]!);
        Assert.InRange((long)line["p50_ns"]!, 1, (long)line["p99_ns"]!);
        broker.Hush();
        Assert.Equal(0, (await broker.EndAsync()).ExitCode);
        Assert.False(File.Exists(_directory["socket"]));
    }

    [Theory]
    [InlineData(41, "--batch", "1")]
    [InlineData(253 * 41, "--batch", "253")]
    [InlineData(3 * 41, "--group", "3")]
    [InlineData(2 * 41, "--clients", "2")]
    public async Task The_same_client_makes_them_with_a_host(int buffers, string option, string value)
    {
        using var host = new TestHost();
        await TripsAsync(host.SocketPath, option, value, "--hello", "--heap", "plain");
        Assert.Equal(buffers, host.Host.Statistics("plain").Allocations);
        host.AssertNothingIsHeld();
    }

    [Fact]
    public async Task A_client_whose_server_is_gone_fails()
    {
        var ended = await RunningProgram.RunAsync(CCompiler.CompileBaseline("c_client"), [_directory["nobody"], "1"]);
        Assert.Equal((1, ""), (ended.ExitCode, ended.Output));
        Assert.Contains("c_client: ", ended.Error);
    }

    [Fact]
    public async Task Memory_by_hand_is_made_once_as_frames_and_without_a_pause()
    {
        var ready = await ByHandAsync("ready", "65536", "5");
        Assert.Equal(5, (int)ready["trips"]!);
        Assert.InRange((long)(await ByHandAsync("ring", "65536", "5", "--frames", "8", "--populate"))["p50_ns"]!, 1, long.MaxValue);
        Assert.InRange((long)(await ByHandAsync("tracked", "65536", "5", "--frames", "8"))["p50_ns"]!, 1, long.MaxValue);
        var counts = (await ByHandAsync("sustained", "65536", "300"))["counts"]!.AsArray();
        Assert.Equal(3, counts.Count);
        Assert.All(counts, count => Assert.InRange((int)count!, 1, int.MaxValue));
    }

    static async Task<JsonNode> TripsAsync(string socket, params string[] options) =>
        Line(await RunningProgram.RunAsync(CCompiler.CompileBaseline("c_client"), [socket, "40", "--warmup", "1", .. options]));

    static async Task<JsonNode> ByHandAsync(params string[] arguments) => Line(await RunningProgram.RunAsync(CCompiler.CompileBaseline("by_hand"), arguments));

    static JsonNode Line(Ended ended)
    {
        Assert.True(ended.ExitCode == 0, ended.Error);
        return JsonNode.Parse(ended.Output)!;
    }
}

using System.Globalization;
using System.Text.Json.Nodes;
using DmaHeap.Client;
using DmaHeap.Tests.Cli;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Isolation;

/// <summary>The daemon with a heap in a worker, as a user runs it.</summary>
public sealed class HostDeathTests
{
    [Fact]
    public async Task A_worker_does_not_outlive_a_host_that_was_killed_and_its_clients_keep_every_byte()
    {
        using var sandbox = new CliSandbox();
        sandbox.WriteConfiguration(""" "system": { "plugin": "SystemHeap", "isolation": "process" } """);
        using var host = await sandbox.ServeAsync();
        using var client = await DmaHeapClient.ConnectAsync(sandbox.Socket);
        using var buffer = await client.AllocateAsync("system", 8192);
        using var mapping = buffer.Map();
        mapping.Span.Fill(0x3C);
        var status = JsonNode.Parse(await client.StatusAsync())!;
        var heap = status["heaps"]!.AsArray().Single()!;
        Assert.Equal("active", (string?)heap["state"]);
        var worker = (int)heap["worker"]!["processId"]!;
        Assert.True(IsAlive(worker));
        host.Signal(CliSandbox.SigKill);
        Eventually.True(() => !IsAlive(worker), "the worker lives on");
        Assert.Equal(-1, mapping.ReadOnlySpan.IndexOfAnyExcept((byte)0x3C));
    }

    private static bool IsAlive(int process) => Directory.Exists(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/fd"));
}

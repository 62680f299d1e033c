using System.Text.Json.Nodes;
using DmaHeap.Client;
using DmaHeap.Linux;
using DmaHeap.Tests.Cli;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Turnover;

/// <summary>A daemon whose configuration and plugins change beneath it: real processes, files and signals.</summary>
public sealed class ReloadTests : IDisposable
{
    private const int Sighup = 1;
    private const string Plain = """ "system": { "plugin": "SystemHeap" } """;

    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(30);

    private readonly CliSandbox _sandbox = new();
    private readonly Deployment _deployment = new();

    public ReloadTests() => _sandbox.WriteConfiguration(Plain);

    public void Dispose()
    {
        _sandbox.Dispose();
        _deployment.Dispose();
    }

    private string Turnover => $$""" "turn": { "plugin": "{{_deployment.Plugin}}" } """;

    [Theory]
    [InlineData("in place")]
    [InlineData("by a rename")]
    [InlineData("by a link's change")]
    public async Task An_edited_configuration_is_noticed(string how)
    {
        if (how == "by a link's change") Link("first", Plain);
        using var host = await _sandbox.ServeAsync();
        using var client = await DmaHeapClient.ConnectAsync(_sandbox.Socket);
        using var buffer = await client.AllocateAsync("system", 4096);
        switch (how)
        {
            case "in place": _sandbox.WriteConfiguration(Plain + "," + Turnover); break;
            case "by a rename": File.Move(_sandbox.Write("next.json", Whole(Plain + "," + Turnover)), _sandbox.Configuration, overwrite: true); break;
            default: Link("second", Plain + "," + Turnover); break;
        }

        await StatusAsync(client, status => HeapsOf(status).Contains("turn"));
        (await client.AllocateAsync("turn", 4096)).Dispose();
        Assert.Equal("system", (await client.DescribeAsync(buffer.Handle)).Heap);
    }

    [Fact]
    public async Task SIGHUP_and_the_command_reload_as_well()
    {
        using var host = await _sandbox.ServeAsync();
        using var client = await DmaHeapClient.ConnectAsync(_sandbox.Socket);
        host.Signal(Sighup);
        await StatusAsync(client, status => (int?)status["reload"]?["unchanged"] == 1);
        var done = await _sandbox.AskAsync("reload");
        Assert.Equal((0, 1), ((int)done["added"]!, (int)done["unchanged"]!));
        Assert.Equal(2, (await _sandbox.RunAsync("swap", "system")).ExitCode);
        await _sandbox.AskAsync("swap", "system", "--plugin", _deployment.Plugin);
        Assert.Equal("which", (await WhichAsync(client, "system")).Cause);
        var table = (await _sandbox.RunAsync("status")).Output;
        Assert.Contains("stands in for SystemHeap", table);
        await _sandbox.AskAsync("swap", "system", "--restore");
        await _sandbox.AskAsync("restart", "system");
        Assert.Equal("unloaded", (string)(await StatusAsync(client, status => status["retired"]!.AsArray().Count == 2 && (int)status["unloaded"]! == 2))["retired"]![1]!["state"]!);
    }

    [Fact]
    public async Task A_wrong_configuration_is_refused_with_its_reasons_until_it_is_right()
    {
        using var host = await _sandbox.ServeAsync();
        using var client = await DmaHeapClient.ConnectAsync(_sandbox.Socket);
        _sandbox.WriteConfiguration(Plain + """, "a": { "plugin": "NoSuchPlugin" }, "b": { "plugin": "SystemHeap", "optoins": {} } """);
        var refused = await StatusAsync(client, status => status["reload"] is { } reload && !(bool)reload["applied"]!);
        var errors = refused["reload"]!["errors"]!.AsArray().Select(error => (string)error!).ToArray();
        Assert.Contains(errors, error => error.Contains("NoSuchPlugin") && error.StartsWith($"{_sandbox.Configuration}:1:", StringComparison.Ordinal));
        Assert.Contains(errors, error => error.Contains("did you mean \"options\"?"));
        Assert.Equal(["system"], HeapsOf(refused));
        var command = await _sandbox.RunAsync("reload");
        Assert.Equal(1, command.ExitCode);
        Assert.Contains("change-refused", command.Error);
        Assert.Contains("was refused, and what ran goes on", (await _sandbox.RunAsync("status")).Output);

        _sandbox.WriteConfiguration(Plain + "," + Turnover);
        await StatusAsync(client, status => HeapsOf(status).Contains("turn") && (bool)status["reload"]!["applied"]!);
    }

    [Fact]
    public async Task A_plugin_that_is_overwritten_and_truncated_in_place_harms_nobody()
    {
        _sandbox.WriteConfiguration(Turnover);
        using var host = await _sandbox.ServeAsync();
        using var client = await DmaHeapClient.ConnectAsync(_sandbox.Socket);
        using var held = await client.AllocateAsync("turn", 4096);
        File.WriteAllBytes(_deployment.Plugin, []);
        await StatusAsync(client, status => status["reload"] is { } reload && !(bool)reload["applied"]!);
        File.WriteAllBytes(_deployment.Plugin, new byte[100_000]);
        for (var i = 0; i < 50; i++) (await client.AllocateAsync("turn", 4096)).Dispose();
        Assert.Contains("code-version-1", (await WhichAsync(client, "turn")).Message);

        _deployment.Deploy(2);
        await StatusAsync(client, status => status["retired"]!.AsArray().Count == 1);
        Assert.Contains("code-version-2", (await WhichAsync(client, "turn")).Message);
        var draining = (await StatusAsync(client, _ => true))["retired"]![0]!;
        Assert.Equal(("draining", 1), ((string)draining["state"]!, (int)draining["buffers"]!));
        Assert.Contains($"process {Environment.ProcessId}", (string)draining["holders"]!);
        held.Dispose();
        await StatusAsync(client, status => (int)status["unloaded"]! == 1 && status["stayed"]!.AsArray().Count == 0);
        Assert.True(host.IsRunning);
    }

    [Fact]
    public async Task A_storm_of_writes_settles_in_the_last_valid_state()
    {
        const int Writes = 200;
        using var host = await _sandbox.ServeAsync();
        using var client = await DmaHeapClient.ConnectAsync(_sandbox.Socket);
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        for (var i = 0; i < Writes; i++)
        {
            await pace.WaitForNextTickAsync();
            _sandbox.WriteConfiguration(i % 3 == 0 ? "broken" : $$""" "h{{i}}": { "plugin": "SystemHeap" } """);
            if (i % 20 == 0) await client.StatusAsync();
        }

        _sandbox.WriteConfiguration(""" "last": { "plugin": "SystemHeap" } """);
        await StatusAsync(client, status => HeapsOf(status).SequenceEqual(["last"]) && (bool)status["reload"]!["applied"]! && (int)status["unloaded"]! >= 1);
        _sandbox.WriteConfiguration("broken");
        var refused = await StatusAsync(client, status => !(bool)status["reload"]!["applied"]!);
        Assert.Equal(["last"], HeapsOf(refused));
        (await client.AllocateAsync("last", 4096)).Dispose();
        Assert.True(host.IsRunning);
    }

    [Fact]
    public async Task A_host_told_to_stop_in_the_middle_of_a_reload_stops()
    {
        using var host = await _sandbox.ServeAsync();
        var begun = _deployment["begun"];
        _sandbox.WriteConfiguration(Plain + $$""", "turn": { "plugin": "{{_deployment.Plugin}}", "options": { "hangIn": "{{begun}}" } } """);
        await Until(() => File.Exists(begun));
        using (var client = await DmaHeapClient.ConnectAsync(_sandbox.Socket)) await StatusAsync(client, status => (string?)status["loading"]?["what"] == "reload");
        host.Signal(CliSandbox.SigTerm);
        Assert.Equal(0, (await host.EndAsync()).ExitCode);
        Assert.Empty(_sandbox.LeftBehind);
    }

    [Fact]
    public async Task A_full_disk_while_a_plugin_is_copied_refuses_the_reload_and_leaves_no_half()
    {
        Assert.SkipUnless(ProcessIdentity.EffectiveUserId == 0, "only root can mount a small file system");
        File.WriteAllBytes(Path.Combine(Path.GetDirectoryName(_deployment.Plugin)!, "large.bin"), new byte[8 << 20]);
        var program = Path.Combine(Builds.Folder("DmaHeap.Cli"), "dmaheap");
        using var host = _sandbox.StartOther(
            "unshare", "--mount", "sh", "-c", "mount -t tmpfs -o size=4m small \"$TMPDIR\" && exec \"$0\" serve --json", program);
        await host.PrintedAsync(CliSandbox.IsDocument);
        using var client = await DmaHeapClient.ConnectAsync(_sandbox.Socket);
        _sandbox.WriteConfiguration(Plain + "," + Turnover);
        var refused = await StatusAsync(client, status => status["reload"] is { } reload && !(bool)reload["applied"]!);
        Assert.Contains("No space left on device", refused["reload"]!.ToJsonString());
        (await client.AllocateAsync("system", 4096)).Dispose();

        File.Delete(Path.Combine(Path.GetDirectoryName(_deployment.Plugin)!, "large.bin"));
        await client.ReloadAsync(); // there is room again: nothing of the half is left
        (await client.AllocateAsync("turn", 4096)).Dispose();
    }

    private static string Whole(string heaps) => $$"""{ "version": 1, "heaps": { {{heaps}} } }""";

    private static string[] HeapsOf(JsonNode status) => [.. status["heaps"]!.AsArray().Select(heap => (string)heap!["name"]!)];

    // As a mounted ConfigMap: the configuration is a link through a link, and the latter is exchanged.
    private void Link(string folder, string heaps)
    {
        var home = Path.GetDirectoryName(_sandbox.Configuration)!;
        _sandbox.Write(Path.Combine(folder, "plugins.json"), Whole(heaps));
        File.CreateSymbolicLink(Path.Combine(home, "..next"), folder);
        using (var move = System.Diagnostics.Process.Start("mv", ["-T", Path.Combine(home, "..next"), Path.Combine(home, "..data")])) move.WaitForExit();
        if (new FileInfo(_sandbox.Configuration).LinkTarget is not null) return;
        File.Delete(_sandbox.Configuration);
        File.CreateSymbolicLink(_sandbox.Configuration, "..data/plugins.json");
    }

    private static async Task<DmaHeapException> WhichAsync(DmaHeapClient client, string heap) => await Assert.ThrowsAsync<DmaHeapException>(
        () => client.AllocateAsync(heap, 4096, new DmaAllocationOptions { Name = "which" }));

    private static async Task<JsonNode> StatusAsync(DmaHeapClient client, Func<JsonNode, bool> wanted)
    {
        using var deadline = new CancellationTokenSource(s_deadline);
        while (true)
        {
            var status = JsonNode.Parse(await client.StatusAsync())!;
            if (wanted(status)) return status;
            Assert.False(deadline.IsCancellationRequested, $"the host did not become what was waited for: {status.ToJsonString()}");
            await Task.Yield();
        }
    }

    private static Task Until(Func<bool> condition) => Eventually.Is(condition);
}

using System.Diagnostics;
using System.Text.Json.Nodes;
using DmaHeap.Client;
using DmaHeap.Linux;
using DmaHeap.Tests.Cli;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.EndToEnd;

/// <summary>A host that is killed, and the one after it: real daemons, real clients, real signals.</summary>
public sealed class HostCrashTests : IDisposable
{
    private const int Held = 8;

    private readonly CliSandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public async Task Clients_of_a_host_killed_under_load_keep_every_byte_and_the_next_host_adopts_what_they_hold()
    {
        var first = await _sandbox.ServeAsync();
        PeerProcess[] clients = [.. new[] { "system", "region", "system" }.Select(heap => PeerProcess.Start("keep", _sandbox.Socket, heap, $"{Held}"))];
        try
        {
            Assert.All(clients, client => Assert.Equal($"holds {Held}", client.ReadLine()));
            first.Signal(CliSandbox.SigKill);
            await first.EndAsync();
            using var second = await _sandbox.ServeAsync();

            Assert.All(clients, client => Assert.Equal($"connection-lost adopted {Held} refused 0 intact {Held} renamed {Held}", client.Ask("reconnected")));
            var listed = await BuffersAsync();
            Assert.Equal(3 * Held, listed.Length);
            Assert.Equal(clients.SelectMany(client => Enumerable.Repeat(client.Id, Held)).Order(), listed.Select(buffer => (int)buffer["processId"]!).Order());
            Assert.All(listed, buffer => Assert.Contains("adopted", buffer["flags"]!.AsArray().Select(flag => (string)flag!)));
            Assert.Equal(Enumerable.Range(0, Held).Select(i => $"kept-{i}").Order(), listed.Where(buffer => (string)buffer["heap"]! == "region").Select(buffer => (string)buffer["name"]!).Order());

            Assert.Equal("holds 5", clients[0].Ask("drop 3"));
            await HoldsAsync((3 * Held) - 3);
            Assert.Equal("had another", clients[0].Ask("another"));
            clients[1].Kill();
            await HoldsAsync((2 * Held) - 3);
            clients[0].Kill();
            clients[2].Kill();
            await HoldsAsync(0);
            Assert.All((await _sandbox.AskAsync("stats"))["heaps"]!.AsArray(), heap => Assert.Equal(0, (long)heap!["bytes"]!));
        }
        finally
        {
            foreach (var client in clients) client.Dispose();
            first.Dispose();
        }
    }

    [Fact]
    public async Task A_host_that_was_killed_is_followed_by_one_that_is_soon_ready_and_leaves_nothing_of_it()
    {
        // Generous: how long it takes at rest is printed.
        var most = TimeSpan.FromSeconds(20);
        using (var first = await _sandbox.ServeAsync())
        {
            first.Signal(CliSandbox.SigKill);
            await first.EndAsync();
        }

        var clock = Stopwatch.StartNew();
        using var second = _sandbox.Start("serve");
        DmaHeapClient? client = null;
        while (client is null && clock.Elapsed < most)
        {
            try
            {
                client = DmaHeapClient.Connect(_sandbox.Socket);
            }
            catch (DmaHeapException exception) when (exception.Cause == ClientCause.NoHost)
            {
                await Task.Yield();
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"ready after {clock.ElapsedMilliseconds} ms");
        Assert.NotNull(client);
        client.Dispose();
        second.Signal(CliSandbox.SigTerm);
        await second.EndAsync();
        Assert.Empty(_sandbox.LeftBehind);
    }

    [Fact]
    public async Task A_service_that_is_stopped_and_started_adopts_as_well()
    {
        var first = await _sandbox.ServeAsync();
        using var client = await DmaHeapClient.ConnectAsync(_sandbox.Socket);
        using var buffer = await client.AllocateAsync("system", 8192);
        var id = buffer.Id;
        first.Signal(CliSandbox.SigTerm);
        await first.EndAsync();
        first.Dispose();
        using var second = await _sandbox.ServeAsync();

        // Nothing was asked of the client since: it noticed by itself.
        await Eventually.Is(() => buffer.Id != id);
        Assert.Equal(1, (await client.ReconnectedAsync())!.Adopted);
        Assert.Equal(buffer.Id, (await client.DescribeAsync(buffer.Handle)).Id);
    }

    [Fact]
    public async Task Two_clients_that_show_one_buffer_have_it_counted_once_and_charged_to_the_first()
    {
        var first = await _sandbox.ServeAsync();
        using var ours = await DmaHeapClient.ConnectAsync(_sandbox.Socket);
        using var theirs = await DmaHeapClient.ConnectAsync(_sandbox.Socket);
        using var buffer = await ours.AllocateAsync("system", 8192);
        Assert.Equal(Errno.None, DescriptorReopen.TryOpen(buffer.Handle, FileAccessMode.ReadOnly, closeOnExec: true, out var reopened));
        using var imported = await theirs.ImportAsync(reopened);
        var before = ours.Host.Epoch;
        first.Signal(CliSandbox.SigKill);
        await first.EndAsync();
        first.Dispose();
        using var second = await _sandbox.ServeAsync();

        await Eventually.Is(() => ours.Host.Epoch != before && buffer.Id!.Value.Epoch == ours.Host.Epoch && imported.Id == buffer.Id);
        Assert.Single(await BuffersAsync());
        buffer.Dispose();
        Assert.Equal(imported.Id, (await theirs.DescribeAsync(imported.Handle)).Id);
        imported.Dispose();
        await HoldsAsync(0);
    }

    [Fact]
    public async Task Opaque_memory_is_lost_with_its_host_and_the_client_is_told_so()
    {
        _sandbox.WriteConfiguration("""  "system": { "plugin": "SystemHeap" }, "late": { "plugin": "AttachTimeHeap" }  """);
        var first = await _sandbox.ServeAsync();
        using var client = await DmaHeapClient.ConnectAsync(_sandbox.Socket);
        using var opaque = await client.AllocateAsync("late", 8192);
        using var plain = await client.AllocateAsync("system", 8192);
        var id = plain.Id;
        first.Signal(CliSandbox.SigKill);
        await first.EndAsync();
        first.Dispose();
        using var second = await _sandbox.ServeAsync();

        await Eventually.Is(() => plain.Id != id);
        var result = (await client.ReconnectedAsync())!;
        Assert.Equal((1, 1), (result.Adopted, result.Refused));
        Assert.Single(await BuffersAsync());
    }

    private async Task HoldsAsync(int count)
    {
        var clock = Stopwatch.StartNew();
        while ((await BuffersAsync()).Length is var there && there != count) Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), $"{there} buffers, where {count} should be");
    }

    private async Task<JsonNode[]> BuffersAsync() => [.. (await _sandbox.AskAsync("buffers"))["buffers"]!.AsArray().Select(row => row!)];
}

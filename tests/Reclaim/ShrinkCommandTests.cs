using System.Text.Json.Nodes;
using DmaHeap.Client;
using DmaHeap.Linux;
using DmaHeap.Protocol;
using DmaHeap.Tests.Cli;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Isolation;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Reclaim;

/// <summary><c>dmaheap shrink</c> and what it is made of, from the client to the heap's shrinker, in the host's process and in a worker.</summary>
public sealed class ShrinkCommandTests
{
    private const string Heaps = """
        "near": { "plugin": "FakeHeap", "options": { "hoard": "4MiB" } },
        "far": { "plugin": "FakeHeap", "isolation": "process", "options": { "hoard": "2MiB" } }
        """;

    [Fact]
    public async Task A_client_has_heaps_give_memory_back_in_this_process_and_in_a_worker_and_learns_who_gave_what()
    {
        using var heaps = new IsolatedHeaps(Heaps);
        using var client = await DmaHeapClient.ConnectAsync(heaps.Host.SocketPath);

        var steps = await client.ShrinkAsync(bytes: 5 << 20);
        Assert.Equal(
            [("heap near", 4L << 20, 5L << 20, 4L << 20), ("heap far", 2L << 20, 1L << 20, 1L << 20)], steps.Select(step => (step.Source, step.Count, step.Wanted, step.Given)));
        Assert.All(steps, step => Assert.Equal(ShrinkResult.Done, step.Result));
        Assert.Equal(("heap far", 1L << 20), (await client.ShrinkAsync("far")) is [var rest] ? (rest.Source, rest.Given) : default);
        Assert.Empty(await client.ShrinkAsync());

        var reclaim = JsonNode.Parse(await client.StatusAsync())!["reclaim"]!;
        Assert.Equal((2, 4L << 20, 2L << 20), ((int)reclaim["times"]!, (long)reclaim["given"]!["heap near"]!, (long)reclaim["given"]!["heap far"]!));
        Assert.Equal("asked", (string?)reclaim["last"]!["reason"]);
        Assert.Equal(2, (await client.ReadJournalAsync("far")).Lines.Count(line => line.Contains("\"scan\"", StringComparison.Ordinal)));

        var unknown = await Assert.ThrowsAsync<DmaHeapException>(() => client.ShrinkAsync("nosuch"));
        Assert.Equal((Errno.ENOENT, HeapCause.UnknownHeap), (unknown.Errno, unknown.Cause));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => client.ShrinkAsync(bytes: 0));
    }

    [Fact]
    public async Task Of_pools_the_one_with_most_that_nobody_wants_is_asked_first_and_a_heap_asked_by_name_gives_its_own()
    {
        using var heaps = new IsolatedHeaps("""
            "least": { "plugin": "SystemHeap", "pool": { "min": "1MiB", "max": "1MiB", "sizes": ["4KiB"] } },
            "most": { "plugin": "SystemHeap", "isolation": "process", "pool": { "min": "2MiB", "max": "2MiB", "sizes": ["4KiB"] } },
            "near": { "plugin": "FakeHeap", "options": { "hoard": "1MiB" }, "pool": { "min": "1MiB", "max": "1MiB", "sizes": ["64KiB"] } }
            """);
        using var client = await DmaHeapClient.ConnectAsync(heaps.Host.SocketPath);
        Eventually.True(() => heaps.Host.Host.Core.Pools.All.Sum(pool => pool.Bytes) == 4 << 20, "the pools are not filled");

        var steps = await client.ShrinkAsync("near");
        Assert.Equal([("pool of near", 1L << 20), ("heap near", 1L << 20)], steps.Select(step => (step.Source, step.Given)));
        steps = await client.ShrinkAsync(bytes: (2 << 20) + 1);
        Assert.Equal([("pool of most", 2L << 20), ("pool of least", 4096)], steps.Select(step => (step.Source, step.Given)));
        Assert.Equal((1L << 20) - 4096, (await client.ShrinkAsync()).Sum(step => step.Given));
    }

    [Fact]
    public async Task A_worker_that_dies_when_it_is_asked_has_given_nothing_and_the_next_one_is_asked_again()
    {
        using var heaps = new IsolatedHeaps(""" "far": { "plugin": "FakeHeap", "isolation": "process", "opTimeout": "1s", "options": { "hoard": "2MiB", "rules": [ { "on": "scan", "call": 1, "hang": "forever" } ] } } """);
        using var client = await DmaHeapClient.ConnectAsync(heaps.Host.SocketPath);
        var worker = heaps.Worker("far");

        Assert.Equal(ShrinkResult.Failed, Assert.Single(await client.ShrinkAsync()).Result);

        heaps.WaitForAnother("far", worker);
        Assert.Null(heaps.Host.Host.Core.Registry.Find("far").Health.Fault);
        Assert.Equal(ShrinkResult.Failed, Assert.Single(await client.ShrinkAsync()).Result); // of its own first call, which hangs too
    }

    [Fact]
    public async Task A_heap_that_was_taken_out_gives_what_it_keeps_as_long_as_it_drains_and_its_plugin_leaves_all_the_same()
    {
        using var heaps = new IsolatedHeaps(""" "other": { "plugin": "SystemHeap" }, "leaving": { "plugin": "FakeHeap", "options": { "hoard": "4MiB" } } """);
        using var client = await DmaHeapClient.ConnectAsync(heaps.Host.SocketPath);
        var held = await client.AllocateAsync("leaving", 4096);
        heaps.Configure(""" "other": { "plugin": "SystemHeap" } """);
        await client.ReloadAsync();

        Assert.Equal(("heap leaving", 1L << 20), (await client.ShrinkAsync(bytes: 1)) is [var step] ? (step.Source, step.Given) : default);

        held.Dispose();
        Eventually.True(() => heaps.Host.Log.Any(line => line.StartsWith("230: Plugin FakeHeap", StringComparison.Ordinal)), "the plugin stays");
        Assert.Empty(await client.ShrinkAsync());
    }

    [Fact]
    public void Only_root_and_the_hosts_user_may_shrink()
    {
        OtherUser.SkipUnlessRoot();
        using var hoards = new Hoards("a");
        hoards["a"].Hoard = 100;
        File.SetUnixFileMode(Path.GetDirectoryName(hoards.Host.SocketPath)!, (UnixFileMode)0b111_101_101);
        var request = new ShrinkRequest { Header = MessageCodec.Header<ShrinkRequest>(MessageKind.Shrink, 1) };

        var reply = OtherUser.Ask(hoards.Host.SocketPath, OtherUser.Nobody, [], MessageCodec.Bytes(in request))!;

        Assert.Equal((HeapErrno.NotPermitted, HeapCause.AccessDenied), (reply.Error().Errno, reply.Error().Cause));
        Assert.Contains(hoards.Host.Log, line => line.StartsWith("236: ", StringComparison.Ordinal) && line.Contains("shrinking", StringComparison.Ordinal));
        Assert.Empty(hoards.Asked);
    }

    [Fact]
    public async Task The_command_shows_a_table_in_the_order_asked_and_takes_a_lone_size_for_how_much()
    {
        using var sandbox = new CliSandbox();
        sandbox.WriteConfiguration(""" "one": { "plugin": "FakeHeap", "options": { "hoard": "4MiB" } }, "two": { "plugin": "FakeHeap", "options": { "hoard": "4MiB" } } """);
        using var host = await sandbox.ServeAsync();

        var table = (await sandbox.RunAsync("shrink", "5MiB")).Output.Split('\n');
        Assert.Equal(["SOURCE", "HAD", "WANTED", "GAVE", "TIME", "RESULT"], table[0].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Matches(@"^heap one +4 MiB +5 MiB +4 MiB .* done", table[1]);
        Assert.Matches(@"^heap two +4 MiB +1 MiB +1 MiB .* done", table[2]);
        Assert.Equal("5 MiB given back.", table[3].Trim());

        var document = await sandbox.AskAsync("shrink", "two", "1MiB");
        Assert.Equal((1L << 20, "heap two", 3L << 20, 1L << 20), ((long)document["given"]!, (string?)document["sources"]![0]!["source"], (long)document["sources"]![0]!["count"]!, (long)document["sources"]![0]!["wanted"]!));
        Assert.Null((await sandbox.AskAsync("shrink"))["sources"]![0]!["wanted"]);
        Assert.Matches(@"Gave 2 MiB back at .* \(asked: heap two 2 MiB\), 8 MiB since the host started", (await sandbox.RunAsync("status")).Output);
        Assert.Contains("Nobody has anything", (await sandbox.RunAsync("shrink", "two")).Output);
        Assert.Equal(2, (await sandbox.RunAsync("shrink", "two", "much")).ExitCode);
    }
}

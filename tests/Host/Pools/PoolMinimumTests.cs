using System.Diagnostics;
using DmaHeap.Client;
using DmaHeap.Hosting;
using DmaHeap.Hosting.Configuration;
using DmaHeap.Hosting.Memory;
using DmaHeap.Tests.Cli;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Host;

/// <summary>What is to be ready in any case, beside a pool that learnt to want more than there is room for: a real host with few descriptors, of which pools may have an eighth.</summary>
public sealed class PoolMinimumTests : IDisposable
{
    private const int Page = 4096, Descriptors = 1024, Room = Descriptors / 8, Least = Room / 2, Burst = Room + 22;
    private const string Learning = """ "learning": { "plugin": "SystemHeap", "pool": {} } """;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    private readonly CliSandbox _sandbox = new();

    public PoolMinimumTests() => Assert.SkipUnless(Environment.SystemPageSize == Page, "this machine has larger pages");

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public async Task What_another_pool_learnt_to_want_makes_way_for_it()
    {
        _sandbox.WriteConfiguration(Learning);
        using var host = await ServeAsync();
        using var client = await DmaHeapClient.ConnectAsync(_sandbox.Socket);
        await LearnAsync(client);

        _sandbox.WriteConfiguration($"{Learning}, {AtLeast("least", Least)}");
        await client.ReloadAsync();
        await Eventually.IsAsync(async () => await ReadyAsync(client, "least") == Least);
        Assert.InRange(await ReadyAsync(client, "learning"), 1, Room - Least); // it gave no more than that, but for what it forgot to want
    }

    [Fact]
    public async Task What_another_pool_is_to_have_in_any_case_does_not()
    {
        const int Most = Room / 4 * 3;
        _sandbox.WriteConfiguration(AtLeast("first", Most));
        using var host = await ServeAsync();
        using var client = await DmaHeapClient.ConnectAsync(_sandbox.Socket);
        await Eventually.IsAsync(async () => await ReadyAsync(client, "first") == Most);

        _sandbox.WriteConfiguration($"{AtLeast("first", Most)}, {AtLeast("second", Most)}");
        await client.ReloadAsync();
        await Eventually.IsAsync(async () => await ReadyAsync(client, "second") == Room - Most);
        using (await client.AllocateManyAsync("first", Page, Room)) // wakes the filler
        {
        }

        await Eventually.IsAsync(async () => await ReadyAsync(client, "first") + await ReadyAsync(client, "second") == Room);
        Assert.InRange(await ReadyAsync(client, "second"), Room - Most, Most);
    }

    [Fact]
    public void What_all_that_others_learnt_to_want_is_not_enough_for_takes_none_of_it()
    {
        var never = new ByteSize(new Headroom().Total());
        using var host = new PooledHost(new PoolConfiguration());
        for (var i = 0; i < 2; i++) // what was asked for once is not learnt
        {
            ExportedBuffer[] buffers = [.. Enumerable.Range(0, Burst).Select(_ => host.Allocate())];
            foreach (var buffer in buffers) buffer.Dispose();
        }

        Eventually.True(() => host.Pool.Buffers >= Least, "nothing was learnt");
        var before = host.Statistics.PoolGivenBackBytes;
        var other = host.Test.Host.Core.Registry.Find("fresh");
        other.Memory!.Redefine(other.Definition with { Pool = new PoolConfiguration { Min = never, Max = never, Sizes = [never] } });
        Eventually.True(() => other.Memory.Pool.NotFilled is not null, "it was never tried");
        Assert.InRange(host.Statistics.PoolGivenBackBytes - before, 0, Least / 2 * Page); // but for what it forgot to want
    }

    private Task<RunningProgram> ServeAsync()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/prlimit"), "prlimit is not installed");
        return _sandbox.ServeAsync("/usr/bin/prlimit", $"--nofile={Descriptors}:{Descriptors}");
    }

    private static string AtLeast(string heap, int buffers) => $$""" "{{heap}}": { "plugin": "SystemHeap", "pool": { "min": {{buffers * Page}}, "sizes": [{{Page}}] } } """;

    // Asks for more at once than there is room for, and waits until as many as there is room for are ready. Whoever asks takes them, so that is not done at each look; nor once alone, as a host
    // that has just started takes its time over a burst, and so learns less of it.
    private static async Task LearnAsync(DmaHeapClient client)
    {
        var asked = new Stopwatch();
        await Eventually.IsAsync(async () =>
        {
            if (await ReadyAsync(client, "learning") == Room) return true;
            if (asked.IsRunning && asked.Elapsed < s_patience) return false;
            asked.Restart();
            for (var i = 0; i < 2; i++)
            {
                using (await client.AllocateManyAsync("learning", Page, Burst))
                {
                }
            }

            return false;
        });
    }

    private static async Task<long> ReadyAsync(DmaHeapClient client, string heap) => (await client.StatisticsAsync(heap)).Memory.PoolBuffers;
}

using System.Globalization;
using DmaHeap.Hosting;
using DmaHeap.Hosting.Server;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Host;

/// <summary>A worker looks for the next request while that pays, and no longer.</summary>
[Collection(ExclusiveCollection.Name)]
public sealed class SpinTests
{
    [Fact]
    public void A_client_that_asks_again_and_again_is_looked_out_for_and_one_that_stopped_is_not()
    {
        Assert.SkipUnless(Environment.ProcessorCount > 1, "this machine has one processor, and on one nobody spins");
        using var host = new TestHost(options => options with { MostSpin = SpinRule.Longest });
        using var client = host.Connect();
        for (var i = 0; i < 200; i++) client.Ask(Messages.ListHeaps(client.NextId()));
        Assert.NotEqual(0, host.Host.Core.Spin.Spins);

        // Two looks at the workers' time, with an idle stretch between them that is as long as the kernel's clock for it is coarse.
        var spins = 0L;
        Eventually.True(() => WorkersSleep() && spins == (spins = host.Host.Core.Spin.Spins), "a worker goes on without a client");
        var before = WorkersTime();
        Assert.False(SpinWait.SpinUntil(() => host.Host.Core.Spin.Spins != spins || !WorkersSleep(), TimeSpan.FromMilliseconds(300)), "a worker woke without a client");
        Assert.InRange(WorkersTime() - before, 0, 1);
    }

    [Fact]
    public void With_spin_off_nobody_does()
    {
        using var host = new TestHost(options => options with { MostSpin = TimeSpan.Zero });
        using var client = host.Connect();
        for (var i = 0; i < 200; i++) client.Ask(Messages.ListHeaps(client.NextId()));
        Assert.Equal(0, host.Host.Core.Spin.Spins);
    }

    [Fact]
    public void On_one_processor_nobody_does()
    {
        var rule = new SpinRule(processors: 1, SpinRule.Longest);
        rule.Came();
        Assert.False(rule.TryBegin(new ClientRhythm(), out _));
    }

    [Fact]
    public void Whoever_spins_gives_way_once_others_have_something_to_do()
    {
        var rule = new SpinRule(processors: 2, SpinRule.Longest);
        rule.Came();
        Assert.True(rule.TryBegin(new ClientRhythm(), out var spin));
        rule.Came();
        Assert.False(spin.GoesOn);
        Assert.False(rule.TryBegin(new ClientRhythm(), out _));
        rule.Left();
        Assert.True(rule.TryBegin(new ClientRhythm(), out _));
    }

    [Fact]
    public void A_client_that_takes_long_is_looked_out_for_ever_more_seldom_until_it_comes_in_time()
    {
        const long Most = 1000;
        var rhythm = new SpinRhythm();
        Assert.Equal([0, 1, 3, 7, 15, 31, 63, 127, 255, 511, 1023, 1023], Enumerable.Range(0, 12).Select(_ => PassedOver(rhythm)));
        rhythm.Paid(10);
        Assert.Equal(0, PassedOver(rhythm));

        int PassedOver(SpinRhythm of)
        {
            var passed = 0;
            while (of.SpinFor(Most) == 0) passed++;
            of.Failed();
            return passed;
        }
    }

    [Fact]
    public void It_is_looked_out_for_no_longer_than_some_times_what_it_takes()
    {
        const long Most = 1_000_000;
        var rhythm = new SpinRhythm();
        Assert.Equal(Most, rhythm.SpinFor(Most));
        for (var i = 0; i < 100; i++) rhythm.Paid(1000);
        Assert.InRange(rhythm.SpinFor(Most), 2000, 8000);
    }

    [Fact]
    public void A_reload_changes_it()
    {
        using var deployment = new Turnover.Deployment();
        deployment.Configure(""" "system": { "plugin": "SystemHeap" } """, """ "server": { "spin": "off" }, """);
        using var host = deployment.Start();
        Assert.Equal(TimeSpan.Zero, host.Host.Core.Spin.Most);
        deployment.Configure(""" "system": { "plugin": "SystemHeap" } """, """ "server": { "spin": "0.05ms" }, """);
        host.Host.Reload();
        Assert.Equal(50, host.Host.Core.Spin.Most.TotalMicroseconds, tolerance: 1);
        deployment.Configure(""" "system": { "plugin": "SystemHeap" } """);
        host.Host.Reload();
        Assert.Equal(SpinRule.Auto, host.Host.Core.Spin.Most);
    }

    // The kernel keeps 15 bytes of a thread's name.
    private static string[] Workers() => [.. Directory.GetDirectories("/proc/self/task").Where(task => Read(task, "comm").StartsWith("dmaheap worker", StringComparison.Ordinal))];

    private static bool WorkersSleep() => Workers().All(task => Fields(task) is [] or ["S", ..]);

    private static long WorkersTime() => Workers().Sum(task => Fields(task) is { Length: > 12 } fields
        ? long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)
        : 0);

    // What follows the name: state first, then user and system time as the 12th and 13th.
    private static string[] Fields(string task) => Read(task, "stat") is { Length: > 0 } stat ? stat[(stat.LastIndexOf(')') + 2)..].Split(' ') : [];

    private static string Read(string task, string file)
    {
        try
        {
            return File.ReadAllText(Path.Combine(task, file));
        }
        catch (IOException)
        {
            return ""; // it ended
        }
    }
}

using System.Runtime.Loader;
using DmaHeap.Hosting;
using DmaHeap.Hosting.Turnover;
using DmaHeap.Linux;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Support;
using TemporaryDirectory = DmaHeap.Tests.Linux.TemporaryDirectory;

namespace DmaHeap.Tests.Turnover;

/// <summary>Heaps that are replaced while buffers of them live, within one process.</summary>
[Collection(ExclusiveCollection.Name)]
public sealed class ReplacementTests : IDisposable
{
    private const string Turnover = """ "turn": { "plugin": "TurnoverPlugin" } """;

    private readonly Deployment _deployment = new();

    public void Dispose() => _deployment.Dispose();

    [Fact]
    public void New_bytes_at_the_same_path_are_new_code_and_the_old_goes_with_its_last_buffer()
    {
        _deployment.Configure(Turnover);
        using var host = _deployment.Start();
        var contexts = Contexts();
        var buffer = host.Allocate(8192, "turn");
        Assert.Equal("code-version-1", Deployment.Which(host, "turn"));

        _deployment.Deploy(2);
        var outcome = host.Host.Reload();
        Assert.Equal((0, 0, 1, 0, 0), (outcome.Added, outcome.Removed, outcome.Replaced, outcome.Changed, outcome.Unchanged));
        Assert.Equal("code-version-2", Deployment.Which(host, "turn"));
        var old = Assert.Single(host.Host.Core.Retired.All);
        Assert.Equal((RetiredState.Draining, 1L), (old.State, old.Slot!.Use.Count));
        Assert.Equal(contexts + 1, Contexts());
        Assert.Equal(8192, FileStatus.Of(buffer.Handle).Length);
        Assert.Equal(1, host.Host.LiveBuffers);

        buffer.Dispose();
        Drained(host);
        Assert.Contains(host.Log, line => line.StartsWith("230: ", StringComparison.Ordinal));
        Assert.Empty(host.Host.Core.Plugins.Stayed);
        Assert.Equal(contexts, Contexts());
        host.AssertNothingIsHeld("turn");
    }

    [Fact]
    public void A_plugin_that_a_reload_brought_is_watched_from_then_on_whoever_asked_for_that()
    {
        using var elsewhere = new TemporaryDirectory();
        var plugin = elsewhere["TurnoverPlugin/TurnoverPlugin.dll"];
        _deployment.Configure($$""" "turn": { "plugin": "{{plugin}}", "required": false } """);
        using var host = _deployment.Start(options => options with { WatchFiles = true });
        Assert.Equal(HeapErrno.NoDevice, host.Refused(4096, "turn").Errno);
        Put(1);
        Assert.Equal(1, host.Host.Reload().Replaced); // not by the watch, which has not seen this folder
        Assert.Equal("code-version-1", Deployment.Which(host, "turn"));

        // Again and again, since the watch may begin a moment after the reload's end.
        Eventually.True(() =>
        {
            Put(2);
            return SpinWait.SpinUntil(() => Deployment.Which(host, "turn") == "code-version-2", TimeSpan.FromSeconds(1));
        }, "the new file was not noticed");

        void Put(int version)
        {
            _deployment.Deploy(version);
            Directory.CreateDirectory(Path.GetDirectoryName(plugin)!);
            File.Copy(_deployment.Plugin, elsewhere["incoming"], overwrite: true);
            File.Move(elsewhere["incoming"], plugin, overwrite: true);
        }
    }

    [Fact]
    public void A_restart_takes_the_plugins_files_as_they_are_now_or_leaves_what_runs()
    {
        _deployment.Configure(Turnover);
        using var host = _deployment.Start();
        using var held = host.Allocate(4096, "turn");
        _deployment.Deploy(2);
        Assert.Equal("code-version-1", Deployment.Which(host, "turn")); // nobody watches here
        host.Host.Restart("turn");
        Assert.Equal("code-version-2", Deployment.Which(host, "turn"));

        File.WriteAllText(_deployment.Plugin, "no plugin");
        var refusal = Assert.Throws<HeapChangeException>(() => host.Host.Restart("turn"));
        Assert.Equal(HeapErrno.Invalid, refusal.Errno);
        Assert.Contains(_deployment.Plugin, refusal.Message);
        Assert.Equal("code-version-2", Deployment.Which(host, "turn"));
    }

    [Fact]
    public void A_reload_without_a_difference_touches_nothing()
    {
        _deployment.Configure(Turnover + """, "system": { "plugin": "SystemHeap" } """);
        using var host = _deployment.Start();
        var slots = host.Host.Core.Registry.Slots.ToArray();
        using var buffer = host.Allocate(4096, "turn");
        _deployment.DeployByRename(1); // another inode and time, the same bytes
        Assert.Equal(2, host.Host.Reload().Unchanged);
        Assert.Equal(slots, host.Host.Core.Registry.Slots);
        Assert.Empty(host.Host.Core.Retired.All);
    }

    [Fact]
    public void Limits_names_and_access_change_under_a_running_heap_and_what_is_charged_stays_charged()
    {
        _deployment.Configure(Turnover);
        using var host = _deployment.Start();
        var slot = host.Host.Core.Registry.Find("turn");
        using var buffer = host.Allocate(8192, "turn");
        _deployment.Configure(""" "turn": { "plugin": "TurnoverPlugin", "aliases": ["other"], "limits": { "total": "12KiB" }, "access": { "mode": "0666" } } """);
        Assert.Equal(1, host.Host.Reload().Changed);
        Assert.Same(slot, host.Host.Core.Registry.Find("other"));
        Assert.Equal(8192, slot.Accounts.All.Used);
        Assert.Equal(HeapCause.HeapLimit, host.Refused(8192, "turn").Cause);
        host.Allocate(4096, "other").Dispose();
        Assert.True(slot.Access.Allows(new Caller(4711, 4711, 1, [], "")));
    }

    [Fact]
    public void A_limit_holds_for_old_and_new_buffers_together()
    {
        const string Limited = """ "turn": { "plugin": "TurnoverPlugin", "limits": { "total": "12KiB" } } """;
        _deployment.Configure(Limited);
        using var host = _deployment.Start();
        using (host.Allocate(8192, "turn"))
        {
            _deployment.Deploy(2);
            host.Host.Reload();
            Assert.Equal(HeapCause.HeapLimit, host.Refused(8192, "turn").Cause);
        }

        Drained(host);
        host.Allocate(8192, "turn").Dispose();
        host.AssertNothingIsHeld("turn");
    }

    [Fact]
    public void Heaps_are_added_and_taken_out()
    {
        _deployment.Configure(Turnover);
        using var host = _deployment.Start();
        var buffer = host.Allocate(4096, "turn");
        _deployment.Configure(""" "system": { "plugin": "SystemHeap" } """);
        var outcome = host.Host.Reload();
        Assert.Equal((1, 1), (outcome.Added, outcome.Removed));
        Assert.Equal(HeapErrno.NoEntry, host.Refused(4096, "turn").Errno);
        host.Allocate(4096, "system").Dispose();
        Assert.Single(host.Host.Core.Retired.Draining);
        buffer.Dispose();
        Drained(host);
    }

    [Fact]
    public void A_wrong_configuration_is_refused_whole_and_what_ran_goes_on()
    {
        _deployment.Configure(Turnover);
        using var host = _deployment.Start();
        var slot = host.Host.Core.Registry.Find("turn");
        _deployment.Configure(""" "turn": { "plugin": "TurnoverPlugin", "options": { "tag": 5 } }, "b": { "plugin": "NoSuchPlugin" }, "system": { "plugin": "SystemHeap" } """);
        var refusal = Assert.Throws<HeapChangeException>(() => host.Host.Reload());
        Assert.Equal((HeapErrno.Invalid, HeapCause.ChangeRefused), (refusal.Errno, refusal.Cause));
        foreach (var part in new[] { "$.heaps.turn.options.tag", "NoSuchPlugin" }) Assert.Contains(part, refusal.Message);
        Assert.Equal(refusal.Message, host.Host.Core.Changes.LastReload!.Refusal);
        Assert.Same(slot, host.Host.Core.Registry.Find("turn"));
        Assert.Single(host.Host.Heaps);
        host.Allocate(4096, "turn").Dispose();
    }

    [Fact]
    public void A_heap_that_does_not_start_undoes_the_whole_reload_and_its_plugin_goes_again()
    {
        _deployment.Configure(Turnover);
        using var host = _deployment.Start();
        var contexts = Contexts();
        _deployment.Configure(""" "system": { "plugin": "SystemHeap" }, "turn": { "plugin": "TurnoverPlugin", "options": { "refuse": true } } """);
        var refusal = Assert.Throws<HeapChangeException>(() => host.Host.Reload());
        Assert.Equal((HeapErrno.NoDevice, "refused-as-asked"), (refusal.Errno, refusal.Cause));
        Assert.Single(host.Host.Heaps);
        Assert.Equal("code-version-1", Deployment.Which(host, "turn"));
        Eventually.True(() => Contexts() == contexts, "the plugin of the heap that would have been added is still there");
    }

    [Fact]
    public void A_region_of_fixed_size_is_handed_over_only_when_nobody_is_in_it()
    {
        const string Cma = """ "cma": { "plugin": "CmaHeap", "options": { "size": "SIZE" } } """;
        _deployment.Configure(Cma.Replace("SIZE", "4MiB"));
        using var host = _deployment.Start();
        var buffer = host.Allocate(1 << 20, "cma");
        _deployment.Configure(Cma.Replace("SIZE", "8MiB"));
        var busy = Assert.Throws<HeapChangeException>(() => host.Host.Reload());
        Assert.Equal((HeapErrno.Busy, HeapCause.HeapBusy), (busy.Errno, busy.Cause));
        Assert.Contains($"1 buffer (1 MiB) of process {Environment.ProcessId}, user {TestHost.Us.UserId}", busy.Message);
        host.Allocate(1 << 20, "cma").Dispose(); // goes on as before

        buffer.Dispose();
        Eventually.True(() => host.Host.LiveBuffers == 0, "the buffers were not released");
        Assert.Equal(1, host.Host.Reload().Replaced);
        host.Allocate(8 << 20, "cma").Dispose();
    }

    [Fact]
    public void A_region_that_only_one_heap_can_have_goes_from_the_old_to_the_new()
    {
        var file = _deployment["region"];
        File.WriteAllBytes(file, new byte[8 << 20]);
        var region = $$""" "region": { "plugin": "RegionHeap", "required": false, "options": { "path": "{{file}}", "size": "SIZE" } } """;
        _deployment.Configure(region.Replace("SIZE", "4MiB"));
        using var host = _deployment.Start();
        _deployment.Configure(region.Replace("SIZE", "8MiB"));
        Assert.Equal(1, host.Host.Reload().Replaced);
        host.Allocate(8 << 20, "region").Dispose();
        Eventually.True(() => host.Host.LiveBuffers == 0, "the buffer was not released");

        // Another heap of the change does not start: the region is the old heap's again.
        _deployment.Configure(region.Replace("SIZE", "4MiB") + """, "turn": { "plugin": "TurnoverPlugin", "options": { "refuse": true } } """);
        Assert.Equal("refused-as-asked", Assert.Throws<HeapChangeException>(() => host.Host.Reload()).Cause);
        host.Allocate(8 << 20, "region").Dispose();
        Drained(host);
    }

    [Fact]
    public void A_plugin_that_changes_while_it_is_copied_is_loaded_as_one_of_the_two_or_refused()
    {
        byte[][] versions = [File.ReadAllBytes(_deployment.Plugin), []];
        _deployment.Deploy(2);
        versions[1] = File.ReadAllBytes(_deployment.Plugin);
        string[] whole = [.. versions.Select(bytes => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes)))];
        using var plugins = new DmaHeap.Hosting.Heaps.PluginSet(Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        using var stop = new CancellationTokenSource();
        var writer = new Thread(() =>
        {
            for (var i = 0; !stop.IsCancellationRequested; i++) File.WriteAllBytes(_deployment.Plugin, versions[i % 2]); // in place: half of one, then half of the other
        });
        writer.Start();
        int loaded = 0, refused = 0;
        try
        {
            for (var i = 0; i < 200; i++)
            {
                try
                {
                    using var lease = plugins.Acquire(_deployment.Plugin);
                    Assert.Contains(lease.Manifest.Sha256, whole);
                    loaded++;
                }
                catch (DmaHeap.Plugins.PluginException)
                {
                    refused++;
                }
            }
        }
        finally
        {
            stop.Cancel();
            writer.Join();
        }

        Assert.True(refused > 0, $"the writer never met a copy: {loaded} loads");
        plugins.Acquire(_deployment.Plugin).Dispose();
    }

    [Fact]
    public void A_plugin_that_clings_is_named_with_what_is_known_until_it_lets_go()
    {
        _deployment.Configure($$""" "turn": { "plugin": "TurnoverPlugin", "options": { "clingUntil": "{{_deployment["go"]}}" } } """);
        using var host = _deployment.Start();
        _deployment.Configure(""" "system": { "plugin": "SystemHeap" } """);
        host.Host.Reload();
        Drained(host);
        var stayed = Assert.Single(host.Host.Core.Plugins.Stayed);
        Assert.Equal(("TurnoverPlugin", _deployment.Plugin), (stayed.Name, stayed.Path));
        Assert.Contains("thread", stayed.Detail);
        Assert.Contains(host.Log, line => line.StartsWith("13: ", StringComparison.Ordinal) && line.Contains("TurnoverPlugin"));

        File.WriteAllText(_deployment["go"], "");
        Eventually.True(() => host.Host.Core.Plugins.Stayed.Count == 0, "nobody noticed that it let go");
    }

    [Fact]
    public void A_drain_can_be_bounded_and_its_buffers_go_on_without_their_heap()
    {
        _deployment.Configure(Turnover, """ "drainTimeout": "50ms", """);
        using var host = _deployment.Start();
        var contexts = Contexts();
        var buffer = host.Allocate(8192, "turn");
        _deployment.Deploy(2);
        host.Host.Reload();
        Drained(host);
        // Written by the thread that cut it short, which the heap's end does not wait for.
        Eventually.True(() => host.Log.Any(line => line.StartsWith("234: ", StringComparison.Ordinal) && line.Contains($"process {Environment.ProcessId}")), "nobody is told whose drain it was");
        Assert.Equal(contexts, Contexts());

        // Still known, counted and charged; and gone like any other.
        Assert.Equal("turn", host.Host.Identify(buffer.Handle)!.Heap);
        Assert.Equal((1, 8192L), (host.Host.LiveBuffers, host.Host.Core.Quotas.Host.Used));
        host.Host.BeginCpuAccess(buffer.Handle, DataDirection.Bidirectional, TestHost.Us);
        buffer.Dispose();
        host.AssertNothingIsHeld("turn");
    }

    [Fact]
    public void No_allocation_fails_through_two_hundred_reloads_and_nothing_is_left_of_them()
    {
        const int Reloads = 200, Threads = 8;
        _deployment.Configure(Turnover);
        using var host = _deployment.Start();
        var contexts = Contexts();
        var failures = new System.Collections.Concurrent.ConcurrentQueue<Exception>();
        using var stop = new CancellationTokenSource();
        long allocated = 0;
        var threads = Enumerable.Range(0, Threads).Select(_ => new Thread(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                try
                {
                    host.Allocate(4096, "turn").Dispose();
                    Interlocked.Increment(ref allocated);
                }
                catch (Exception exception)
                {
                    failures.Enqueue(exception);
                    return;
                }
            }
        })).ToArray();
        foreach (var thread in threads) thread.Start();
        try
        {
            for (var i = 0; i < Reloads; i++)
            {
                var seen = Interlocked.Read(ref allocated);
                _deployment.DeployByRename(i % 2 + 2);
                Assert.Equal(1, host.Host.Reload().Replaced);
                SpinWait.SpinUntil(() => Interlocked.Read(ref allocated) > seen || !failures.IsEmpty, TimeSpan.FromSeconds(20));
            }
        }
        finally
        {
            stop.Cancel();
            foreach (var thread in threads) thread.Join();
        }

        Assert.Empty(failures);
        Assert.True(Interlocked.Read(ref allocated) > Reloads, $"only {allocated} allocations: nothing was proved");
        Drained(host);
        Assert.Equal(Reloads, host.Host.Core.Retired.Unloaded);
        Assert.Empty(host.Host.Core.Plugins.Stayed);
        Eventually.True(() => Contexts() == contexts, $"{Contexts() - contexts} plugins are still loaded");
        host.AssertNothingIsHeld("turn");
    }

    private static void Drained(TestHost host) => Eventually.True(() => !host.Host.Core.Retired.Draining.Any(), "a heap is still draining");

    private static int Contexts()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return AssemblyLoadContext.All.Count(context => context.IsCollectible);
    }
}

using DmaHeap.Hosting;
using DmaHeap.Hosting.Configuration;
using DmaHeap.Linux;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Linux;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Isolation;

/// <summary>A heap in a worker process serves as one in the host does.</summary>
public sealed class IsolatedHeapTests
{
    private const string System = """ "system": { "plugin": "SystemHeap", "isolation": "process" } """;

    [Fact]
    public void Buffers_are_handed_out_and_taken_back_and_nothing_is_left()
    {
        using var heaps = new IsolatedHeaps(System);
        Assert.NotEqual(Environment.ProcessId, heaps.Worker("system"));
        for (var i = 0; i < 3; i++)
        {
            using var buffer = heaps.Allocate("system");
            Assert.Equal(8192, FileStatus.Of(buffer.Handle).Length);
        }

        heaps.Host.AssertNothingIsHeld("system");
    }

    [Fact]
    public void A_batch_is_made_in_the_worker_and_undone_whole_when_one_of_it_cannot_be_had()
    {
        using var heaps = new IsolatedHeaps(System + """, "cma": { "plugin": "CmaHeap", "isolation": "process", "options": { "size": "4MiB" } } """);
        using var client = RawClient.Greeted(heaps.Host.SocketPath);
        client.Send(Messages.Batch(1, "system", [(4096, 2), (1 << 20, 3), (8192, 1)]));
        using (var reply = client.Receive())
        {
            Assert.Equal([4096ul, 4096, 1 << 20, 1 << 20, 1 << 20, 8192], reply.BatchBuffers().Select(buffer => buffer.Length));
            Assert.Equal([4096L, 4096, 1 << 20, 1 << 20, 1 << 20, 8192], reply.Descriptors.Select(descriptor => FileStatus.Of(descriptor).Length));
        }

        client.Send(Messages.Batch(2, "cma", [(1 << 20, 3), (2 << 20, 1), (4096, 1)]));
        Assert.Equal(HeapErrno.NoMemory, client.Receive().Error().Errno);
        heaps.Host.AssertNothingIsHeld("system");
        heaps.Host.AssertNothingIsHeld("cma");
        Assert.Equal(4L << 20, heaps.Heap("cma").ReadGauges().Free);
    }

    [Fact]
    public void Gauges_come_from_the_worker_and_only_of_a_heap_that_has_them()
    {
        using var heaps = new IsolatedHeaps(System + """, "cma": { "plugin": "CmaHeap", "isolation": "process", "options": { "size": "4MiB" } } """);
        using var buffer = heaps.Allocate("cma", 1 << 20);
        Assert.Equal(4L << 20, heaps.Heap("cma").ReadGauges().Capacity);
        Assert.Equal(3L << 20, heaps.Heap("cma").ReadGauges().Free);
        Assert.Equal("larger-than-heap", heaps.Refused("cma", 8 << 20).Cause);
        Assert.Null(Hosting.Heaps.HeapInterfaces.Gauge(heaps.Heap("system")));
    }

    [Fact]
    public void What_the_heap_logs_is_in_the_hosts_log_under_its_name()
    {
        using var heaps = new IsolatedHeaps(""" "deadly": { "plugin": "DeadlyPlugin", "isolation": "process" } """);
        Assert.Contains($"100: deadly: deadly heap started Process={heaps.Worker("deadly")}", heaps.Host.Log);
    }

    [Fact]
    public void A_thread_of_the_plugins_own_gets_memory_as_well()
    {
        using var heaps = new IsolatedHeaps(""" "deadly": { "plugin": "DeadlyPlugin", "isolation": "process" } """);
        heaps.Allocate("deadly", name: "own-thread").Dispose();
        heaps.Host.AssertNothingIsHeld("deadly");
    }

    [Fact]
    public void Only_ops_that_the_buffers_class_overrides_are_told_to_the_worker()
    {
        using var heaps = new IsolatedHeaps(System + """, "count": { "plugin": "CountingHeap", "isolation": "process" } """);
        var core = heaps.Host.Host.Core;
        using (var counted = heaps.Allocate("count"))
        using (var plain = heaps.Allocate("system"))
        {
            Assert.True(core.Registry.Find("count").HasCpuAccessHooks(core.Find(counted.Handle).Buffer));
            Assert.False(core.Registry.Find("count").HasImporterHooks(core.Find(counted.Handle).Buffer));
            Assert.False(core.Registry.Find("system").HasCpuAccessHooks(core.Find(plain.Handle).Buffer));
            for (var i = 0; i < 3; i++)
            {
                heaps.Host.Host.BeginCpuAccess(counted.Handle, DataDirection.FromDevice, TestHost.Us);
                heaps.Host.Host.EndCpuAccess(counted.Handle, DataDirection.FromDevice, TestHost.Us);
            }
        }

        Eventually.True(() => heaps.Host.Log.Contains("100: count: A buffer was released CpuAccesses=3"), "the release was not logged");
    }

    [Fact]
    public void A_plugin_that_is_swapped_in_runs_in_a_worker_as_well_and_the_one_before_goes_on_in_its_own()
    {
        using var heaps = new IsolatedHeaps(System);
        var own = heaps.Worker("system");
        heaps.Host.Host.Swap(new HeapSwap("system", "FakeHeap", Options("""{ "seed": 7 }""")));
        var standIn = heaps.Worker("system");
        Assert.NotEqual(own, standIn);
        Assert.Equal(FormattableString.Invariant($"{Environment.ProcessId}"), IsolatedHeaps.Status(standIn, "PPid"));
        heaps.Allocate("system").Dispose();
        Assert.NotEmpty(heaps.Host.Host.ReadJournal("system").Lines); // FakeHeap's own, from its worker

        heaps.Host.Host.Restore("system");
        Assert.Equal(own, heaps.Worker("system"));
        heaps.Allocate("system").Dispose();
        Eventually.True(() => !Directory.Exists($"/proc/{standIn}"), "the worker of the plugin that stood in lives on");
    }

    [Fact]
    public void A_plugin_that_is_swapped_in_dies_in_its_worker_alone()
    {
        using var heaps = new IsolatedHeaps(System, new HeapSwap("system", "DeadlyPlugin", null)); // as under exec --swap
        var worker = heaps.Worker("system");
        Assert.Contains("exited with status 3", heaps.Refused("system", name: "exit").Message, StringComparison.Ordinal);
        heaps.WaitForAnother("system", worker);
        heaps.Allocate("system").Dispose();
    }

    [Fact]
    public void Options_of_a_plugin_that_is_to_be_swapped_in_are_checked_without_running_it()
    {
        using var heaps = new IsolatedHeaps(System);
        var worker = heaps.Worker("system");
        var refusal = Assert.Throws<HeapChangeException>(() => heaps.Host.Host.Swap(new HeapSwap("system", "DeadlyPlugin", Options("""{ "wrang": true }"""))));
        Assert.Contains("""script.json:1:3: $.wrang: unknown key "wrang"; did you mean "wrong"?""", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("takes no options", Assert.Throws<HeapChangeException>(() => heaps.Host.Host.Swap(new HeapSwap("system", "SystemHeap", Options("""{ "x": 1 }""")))).Message, StringComparison.Ordinal);
        Assert.Equal(worker, heaps.Worker("system"));
    }

    [Fact]
    public void Options_are_checked_in_the_host_without_running_the_plugin_and_again_in_the_worker()
    {
        var misspelt = Assert.Throws<ConfigurationException>(() => new IsolatedHeaps(""" "deadly": { "plugin": "DeadlyPlugin", "isolation": "process", "options": { "wrang": true } } """));
        Assert.Contains("did you mean \"wrong\"?", misspelt.Message, StringComparison.Ordinal);
        var refused = Assert.Throws<HeapStartException>(() => new IsolatedHeaps(""" "deadly": { "plugin": "DeadlyPlugin", "isolation": "process", "options": { "wrong": true } } """));
        Assert.Contains("$.wrong: must not be true", refused.Message, StringComparison.Ordinal);

        // In the host, the class's own rules are part of the configuration's check: a control that it has some.
        Assert.Throws<ConfigurationException>(() => new IsolatedHeaps(""" "deadly": { "plugin": "DeadlyPlugin", "options": { "wrong": true } } """));
    }

    [Fact]
    public void Without_the_worker_beside_the_host_the_refusal_says_where_it_was_looked_for()
    {
        using var folder = new TemporaryDirectory();
        var refusal = Assert.Throws<HeapException>(() => Hosting.Isolation.WorkerProgram.Find(folder.Path));
        Assert.Equal(HeapErrno.NoDevice, refusal.Errno);
        Assert.Contains(folder["DmaHeap.Worker.dll"], refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_reload_changes_where_a_heap_runs_and_its_buffers_drain()
    {
        using var heaps = new IsolatedHeaps(System);
        var worker = heaps.Worker("system");
        using var held = heaps.Allocate("system");
        heaps.Configure(""" "system": { "plugin": "SystemHeap" } """);
        Assert.Equal(1, heaps.Host.Host.Core.Changes.Reload().Replaced);
        heaps.Allocate("system").Dispose();
        Assert.True(Directory.Exists($"/proc/{worker}"), "the worker ended before its last buffer");
        held.Dispose();
        Eventually.True(() => !Directory.Exists($"/proc/{worker}"), "the worker outlives its last buffer");
        heaps.Configure(System);
        Assert.Equal(1, heaps.Host.Host.Core.Changes.Reload().Replaced);
        heaps.Allocate("system").Dispose();
        heaps.Host.AssertNothingIsHeld("system");
    }

    [Fact]
    public void A_region_passes_to_the_next_worker_when_the_last_buffer_of_the_dead_one_is_gone()
    {
        using var folder = new TemporaryDirectory();
        using (var file = File.Create(folder["region"])) file.SetLength(1 << 20);
        using var heaps = new IsolatedHeaps($$""" "region": { "plugin": "RegionHeap", "isolation": "process", "options": { "path": "{{folder["region"]}}", "size": "1MiB" } } """);
        var held = heaps.Allocate("region");
        var worker = heaps.Worker("region");
        IsolatedHeaps.Kill(worker);
        Eventually.True(() => heaps.Heap("region").Fault is not null, "nobody noticed");
        Assert.Contains("waits until the last of 1 buffers is gone", heaps.Refused("region").Message, StringComparison.Ordinal);
        held.Dispose();
        heaps.WaitForAnother("region", worker);
        heaps.Allocate("region").Dispose();
        heaps.Host.AssertNothingIsHeld("region");
    }

    private static OptionsFile Options(string json) => OptionsFile.Parse(global::System.Text.Encoding.UTF8.GetBytes(json), "script.json").Value!;
}

using DmaHeap.Client;
using DmaHeap.Hosting;
using DmaHeap.Hosting.Heaps;
using DmaHeap.Hosting.Turnover;
using DmaHeap.Linux;
using DmaHeap.Protocol;
using DmaHeap.Tests.Heaps;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Turnover;

/// <summary>Another plugin in a heap's place, through the client library, and heaps started anew.</summary>
[Collection(ExclusiveCollection.Name)]
public sealed class SwapTests : IDisposable
{
    private readonly Deployment _deployment = new();

    public SwapTests() => _deployment.Configure(""" "system": { "plugin": "SystemHeap", "aliases": ["sys"] }, "cma": { "plugin": "CmaHeap", "options": { "size": "4MiB" } } """);

    public void Dispose() => _deployment.Dispose();

    [Fact]
    public async Task A_swapped_heap_serves_new_buffers_and_the_restored_one_is_the_very_one_that_was_there()
    {
        using var host = _deployment.Start();
        using var client = await DmaHeapClient.ConnectAsync(host.SocketPath);
        var original = host.Host.Core.Registry.Find("system");
        using var before = await client.AllocateAsync("system", 8192);

        await client.SwapWithAsync("sys", _deployment.Plugin, """{ "tag": " stands in" }""");
        Assert.Equal("code-version-1 stands in", Deployment.Which(host, "system"));
        Assert.Equal("code-version-1 stands in", Deployment.Which(host, "sys"));
        var during = await client.AllocateAsync("system", 4096);
        Assert.Equal(2, (await client.StatisticsAsync("system")).Buffers);
        Assert.Equal(1, original.Use.Count);

        await client.RestoreAsync("system");
        Assert.Same(original, host.Host.Core.Registry.Find("system"));
        Assert.Equal(RetiredState.Draining, Assert.Single(host.Host.Core.Retired.All).State);
        Assert.Equal("system", (await client.DescribeAsync(during.Handle)).Heap);
        during.Dispose();
        Eventually.True(() => host.Host.Core.Retired.All[0].State == RetiredState.Unloaded, "the stand-in did not go");
        Assert.Empty(host.Host.Core.Plugins.Stayed);
        (await client.AllocateAsync("system", 4096)).Dispose();
    }

    [Fact]
    public async Task A_heap_that_is_swapped_twice_is_its_own_after_one_restore_and_a_second_is_refused()
    {
        using var host = _deployment.Start();
        using var client = await DmaHeapClient.ConnectAsync(host.SocketPath);
        var original = host.Host.Core.Registry.Find("system");
        var held = new List<DmaBuffer>();
        foreach (var tag in new[] { " first", " second" })
        {
            await client.SwapWithAsync("system", _deployment.Plugin, $$"""{ "tag": "{{tag}}" }""");
            Assert.Equal("code-version-1" + tag, Deployment.Which(host, "system"));
            held.Add(await client.AllocateAsync("system", 4096));
        }

        await client.RestoreAsync("system");
        Assert.Same(original, host.Host.Core.Registry.Find("system"));
        var refusal = await Assert.ThrowsAsync<DmaHeapException>(() => client.RestoreAsync("system"));
        Assert.Equal((Errno.EINVAL, HeapCause.ChangeRefused), (refusal.Errno, refusal.Cause));
        (await client.AllocateAsync("system", 4096)).Dispose();

        Assert.Equal([RetiredState.Draining, RetiredState.Draining], host.Host.Core.Retired.All.Select(retired => retired.State));
        held.ForEach(buffer => buffer.Dispose());
        Eventually.True(() => host.Host.Core.Retired.All.All(retired => retired.State == RetiredState.Unloaded), "a stand-in did not go");
    }

    [Fact]
    public async Task Swaps_under_load_fail_no_allocation_and_touch_no_buffer()
    {
        const int Swaps = 20, Threads = 4;
        using var host = _deployment.Start();
        using var client = await DmaHeapClient.ConnectAsync(host.SocketPath);
        using var stop = new CancellationTokenSource();
        var rounds = 0;
        var threads = Enumerable.Range(1, Threads).Select(mark => Task.Factory.StartNew(() =>
        {
            using var own = DmaHeapClient.Connect(host.SocketPath);
            while (!stop.IsCancellationRequested)
            {
                var before = Volatile.Read(ref rounds);
                using var buffer = own.Allocate("system", 8192);
                using var mapping = buffer.Map();
                Assert.False(mapping.Span.ContainsAnyExcept((byte)0), "a new buffer is not zero");
                mapping.Span.Fill((byte)mark);
                // Held across a swap, or until there are no more.
                SpinWait.SpinUntil(() => Volatile.Read(ref rounds) > before || stop.IsCancellationRequested);
                Assert.False(mapping.Span.ContainsAnyExcept((byte)mark), "somebody else wrote into the buffer");
                Assert.Equal("system", own.Describe(buffer.Handle).Heap);
            }
        }, TaskCreationOptions.LongRunning)).ToArray();

        var allocated = 0L;
        for (var i = 0; i < Swaps && !threads.Any(thread => thread.IsCompleted); i++)
        {
            await client.SwapAsync("system", _deployment.Plugin);
            Eventually.True(() => host.Host.Statistics("system").Allocations > allocated || threads.Any(thread => thread.IsCompleted), "nobody allocates");
            await client.RestoreAsync("system");
            allocated = host.Host.Statistics("system").Allocations;
            Interlocked.Increment(ref rounds);
        }

        stop.Cancel();
        await Task.WhenAll(threads);
        Assert.Equal(Swaps, rounds);
        Eventually.True(() => host.Host.Core.Retired.All.All(retired => retired.State == RetiredState.Unloaded), "a stand-in did not go");
    }

    [Fact]
    public async Task A_heap_with_a_region_in_use_is_swapped_and_restored_with_its_buffers()
    {
        using var host = _deployment.Start();
        using var client = await DmaHeapClient.ConnectAsync(host.SocketPath);
        using var held = await client.AllocateAsync("cma", 3 << 20);
        await client.SwapAsync("cma", _deployment.Plugin);
        (await client.AllocateAsync("cma", 8 << 20)).Dispose();
        await client.RestoreAsync("cma");
        var refusal = await Assert.ThrowsAsync<DmaHeapException>(() => client.AllocateAsync("cma", 2 << 20));
        Assert.Equal("exhausted", refusal.Cause);
    }

    [Theory]
    [InlineData("""{ "tga": "x" }""", "did you mean \"tag\"")]
    [InlineData("""{ "refuse": true }""", "does not start")]
    [InlineData("""[ 1 ]""", "expected an object")]
    [InlineData("""{ "tag": """, "ends inside")]
    public async Task A_refused_swap_leaves_the_heap_and_says_why(string options, string reason)
    {
        using var host = _deployment.Start();
        using var client = await DmaHeapClient.ConnectAsync(host.SocketPath);
        var original = host.Host.Core.Registry.Find("system");
        var script = _deployment["script.json"];
        File.WriteAllText(script, options);
        var refusal = await Assert.ThrowsAsync<DmaHeapException>(() => client.SwapAsync("system", _deployment.Plugin, script));
        Assert.Contains(reason, refusal.Message);
        if (refusal.Cause == HeapCause.ChangeRefused) Assert.Contains($"{script}:1:", refusal.Message);
        Assert.Same(original, host.Host.Core.Registry.Find("system"));
        Assert.Empty(host.Host.Core.Retired.All);
        Assert.Contains(reason, (string)System.Text.Json.Nodes.JsonNode.Parse(await client.StatusAsync())!["refused"]!["reason"]!);
        (await client.AllocateAsync("system", 4096)).Dispose();
    }

    [Fact]
    public async Task The_fake_heap_stands_in_plays_its_script_and_goes_even_with_a_call_that_hangs()
    {
        using var host = _deployment.Start();
        using var client = await DmaHeapClient.ConnectAsync(host.SocketPath);
        await client.SwapWithAsync("system", "FakeHeap", """{ "rules": [ { "on": "allocate", "call": 2, "fail": "ENOSPC" }, { "on": "allocate", "call": 3, "hang": "untilStopped" } ] }""");
        (await client.AllocateAsync("system", 4096)).Dispose();
        Assert.Equal(Errno.ENOSPC, (await Assert.ThrowsAsync<DmaHeapException>(() => client.AllocateAsync("system", 4096))).Errno);
        Eventually.True(() => host.Host.LiveBuffers == 0, "the buffer was not released");
        var hanging = client.AllocateAsync("system", 4096);
        var fake = host.Host.Core.Registry.Find("system");
        Eventually.True(() => fake.Use.Count == 1, "the call that hangs did not begin");
        await client.RestoreAsync("system");
        (await client.AllocateAsync("system", 4096)).Dispose();
        await Assert.ThrowsAsync<DmaHeapException>(() => hanging);
        Eventually.True(() => host.Host.Core.Retired.All[0].State == RetiredState.Unloaded, "the fake did not go");
    }

    [Fact]
    public async Task Swaps_that_make_no_sense_are_refused()
    {
        using var host = _deployment.Start();
        using var client = await DmaHeapClient.ConnectAsync(host.SocketPath);
        Assert.Equal(Errno.ENOENT, (await Assert.ThrowsAsync<DmaHeapException>(() => client.SwapAsync("nowhere", "SystemHeap"))).Errno);
        Assert.Equal(Errno.ENOENT, (await Assert.ThrowsAsync<DmaHeapException>(() => client.RestoreAsync("nowhere"))).Errno);
        Assert.Equal(Errno.EINVAL, (await Assert.ThrowsAsync<DmaHeapException>(() => client.RestoreAsync("system"))).Errno);
        Assert.Contains("NoSuchPlugin", (await Assert.ThrowsAsync<DmaHeapException>(() => client.SwapAsync("system", "NoSuchPlugin"))).Message);
        Assert.Contains("no plugin is named", (await Assert.ThrowsAsync<DmaHeapException>(() => client.SwapAsync("system", ""))).Message);
    }

    [Fact]
    public async Task A_reload_goes_on_beneath_a_swap()
    {
        using var host = _deployment.Start();
        using var client = await DmaHeapClient.ConnectAsync(host.SocketPath);
        await client.SwapAsync("system", _deployment.Plugin);
        _deployment.Configure(""" "system": { "plugin": "SystemHeap", "aliases": ["another"], "limits": { "total": "1MiB" } }, "cma": { "plugin": "CmaHeap", "options": { "size": "4MiB" } } """);
        Assert.Equal(1, (await client.ReloadAsync()).Changed);
        Assert.Equal("code-version-1", Deployment.Which(host, "another"));
        Assert.Equal(HeapErrno.NoEntry, host.Refused(4096, "sys").Errno);
        Assert.Equal(HeapCause.HeapLimit, host.Refused(2 << 20, "another").Cause);

        _deployment.Configure(""" "cma": { "plugin": "CmaHeap", "options": { "size": "4MiB" } } """);
        Assert.Equal(1, (await client.ReloadAsync()).Removed);
        Assert.Equal(HeapErrno.NoEntry, host.Refused(4096, "system").Errno);
        Eventually.True(() => !host.Host.Core.Retired.Draining.Any(), "the stand-in of a heap that is no more did not go");
    }

    [Fact]
    public async Task Only_root_and_the_hosts_user_may_change_a_host()
    {
        OtherUser.SkipUnlessRoot();
        _deployment.Configure(""" "system": { "plugin": "SystemHeap", "access": { "mode": "0666" } } """);
        using var host = _deployment.Start();
        File.SetUnixFileMode(Path.GetDirectoryName(host.SocketPath)!, (UnixFileMode)0b111_101_101);
        using var ours = await DmaHeapClient.ConnectAsync(host.SocketPath);
        var original = host.Host.Core.Registry.Find("system");

        await ours.SwapAsync("system", "FakeHeap");
        var restore = new RestoreRequest { Header = MessageCodec.Header<RestoreRequest>(MessageKind.Restore, 1) };
        TextField.Write(restore.Heap, "system");
        Denied(host, MessageCodec.Bytes(in restore), "restoring of system");
        Assert.NotSame(original, host.Host.Core.Registry.Find("system"));

        var reload = new ReloadRequest { Header = MessageCodec.Header<ReloadRequest>(MessageKind.Reload, 1) };
        Denied(host, MessageCodec.Bytes(in reload), "reload");
        await ours.ReloadAsync();
        await ours.RestoreAsync("system");
        Assert.Same(original, host.Host.Core.Registry.Find("system"));
    }

    [Fact]
    public async Task A_heap_that_throws_again_and_again_is_faulted_and_comes_back_by_a_restart()
    {
        _deployment.Configure(""" "turn": { "plugin": "TurnoverPlugin", "options": { "throwWhile": "FILE" } } """.Replace("FILE", _deployment["throw"]));
        using var host = _deployment.Start();
        using var client = await DmaHeapClient.ConnectAsync(host.SocketPath);
        using var held = await client.AllocateAsync("turn", 4096);
        File.WriteAllText(_deployment["throw"], "");
        for (var i = 0; i < 10; i++) Assert.Contains("thrown as asked", host.Refused(4096, "turn").Message);
        File.Delete(_deployment["throw"]); // it would serve again, but nobody asks it

        var refusal = host.Refused(4096, "turn");
        Assert.Equal((HeapErrno.InputOutput, HeapCause.HeapFault), (refusal.Errno, refusal.Cause));
        Assert.Contains("faulted: it threw 10 times within 10 s", refusal.Message);
        Assert.Contains("\"state\":\"faulted\"", await client.StatusAsync());
        Assert.Single(host.Log, line => line.StartsWith("238: ", StringComparison.Ordinal));

        await client.RestartAsync("turn");
        (await client.AllocateAsync("turn", 4096)).Dispose();
        var status = await client.StatusAsync();
        Assert.Contains("\"state\":\"active\"", status);
        Assert.Contains("\"state\":\"draining\"", status);
        Assert.Contains($"of process {Environment.ProcessId}", status);
    }

    [Fact]
    public void Exceptions_that_come_seldom_are_noted_and_no_fault()
    {
        _deployment.Configure(""" "turn": { "plugin": "TurnoverPlugin", "options": { "throwWhile": "FILE" } } """.Replace("FILE", _deployment["throw"]));
        File.WriteAllText(_deployment["throw"], "");
        using var host = _deployment.Start();
        for (var i = 0; i < 9; i++) host.Refused(4096, "turn");
        File.Delete(_deployment["throw"]);
        host.Allocate(4096, "turn").Dispose();
        Assert.Equal("InvalidOperationException: thrown as asked", host.Host.Core.Registry.Find("turn").Health.Failures.Last!.Message);
    }

    [Fact]
    public void How_many_exceptions_are_too_many_is_the_configurations_to_say_and_to_change_while_the_heap_runs()
    {
        Configure("""{ "count": 3, "within": "1m" }""");
        File.WriteAllText(_deployment["throw"], "");
        using var host = _deployment.Start();
        var slot = host.Host.Core.Registry.Find("turn");
        for (var i = 0; i < 2; i++) Assert.Contains("thrown as asked", host.Refused(4096, "turn").Message);
        Assert.False(slot.Health.IsFaulted);

        Configure("""{ "count": 5, "within": "1m" }""");
        Assert.Equal(1, host.Host.Reload().Changed);
        Assert.Same(slot, host.Host.Core.Registry.Find("turn"));
        for (var i = 0; i < 3; i++) Assert.Contains("thrown as asked", host.Refused(4096, "turn").Message);
        Assert.Contains("faulted: it threw 5 times within 60 s", host.Refused(4096, "turn").Message);

        void Configure(string faults) => _deployment.Configure(
            """ "turn": { "plugin": "TurnoverPlugin", "faults": FAULTS, "options": { "throwWhile": "FILE" } } """.Replace("FAULTS", faults).Replace("FILE", _deployment["throw"]));
    }

    [Fact]
    public void Exceptions_count_together_only_within_their_time()
    {
        var clock = new ManualClock();
        var failures = new HookFailures(new HeapFaultLimit(3, TimeSpan.FromSeconds(2)));
        Assert.False(Throws());
        Assert.False(Throws());
        clock.Advance(TimeSpan.FromSeconds(2.1));
        Assert.False(Throws());
        Assert.False(Throws()); // three, the first of them too long ago
        Assert.True(Throws());
        failures.Limit = new HeapFaultLimit(1, TimeSpan.FromSeconds(2));
        clock.Advance(TimeSpan.FromHours(1));
        Assert.True(Throws());
        Assert.Equal(6, failures.Count);

        bool Throws() => failures.Add("Allocate", "", clock);
    }

    private static void Denied(TestHost host, ReadOnlySpan<byte> request, string what)
    {
        var reply = OtherUser.Ask(host.SocketPath, OtherUser.Nobody, [], request);
        Assert.Equal((HeapErrno.NotPermitted, HeapCause.AccessDenied), (reply!.Error().Errno, reply.Error().Cause));
        Assert.Contains(host.Log, line => line.StartsWith("236: ", StringComparison.Ordinal) && line.Contains($"{OtherUser.Nobody}") && line.Contains(what));
    }
}

using DmaHeap.Client;
using DmaHeap.Linux;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Cli;

/// <summary>How a daemon starts, refuses to start, and ends.</summary>
public sealed class ServeTests : IDisposable
{
    readonly CliSandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public async Task A_second_host_on_a_socket_is_refused_and_the_first_goes_on()
    {
        using var first = await _sandbox.ServeAsync();
        var second = await _sandbox.RunAsync("serve");
        Assert.Equal(1, second.ExitCode);
        Assert.Empty(second.Output);
        Assert.Contains($"{_sandbox.Socket}: another host is listening there", second.Error);
        Assert.DoesNotContain("   at ", second.Error);
        await _sandbox.AskAsync("list");
    }

    [Fact]
    public async Task A_killed_hosts_socket_is_taken_over()
    {
        using (var first = await _sandbox.ServeAsync())
        {
            first.Signal(CliSandbox.SigKill);
            await first.EndAsync();
        }

        Assert.True(File.Exists(_sandbox.Socket));
        Assert.Equal(3, (await _sandbox.RunAsync("list")).ExitCode);
        using var second = await _sandbox.ServeAsync();
        Assert.Equal(second.Id, await ServingProcessAsync());
    }

    [Theory]
    [InlineData(CliSandbox.SigTerm)]
    [InlineData(CliSandbox.SigInt)]
    public async Task A_host_that_is_told_to_stop_leaves_nothing_behind(int signal)
    {
        using var host = await _sandbox.ServeAsync();
        Assert.NotEmpty(_sandbox.LeftBehind);
        host.Signal(signal);
        Assert.Equal(0, (await host.EndAsync()).ExitCode);
        Assert.Empty(_sandbox.LeftBehind);
    }

    [Fact]
    public async Task For_people_it_prints_the_heaps_where_it_listens_and_what_to_try()
    {
        using var host = _sandbox.Start("serve");
        var text = await host.PrintedAsync(text => text.Contains("Ctrl-C"));
        Assert.Contains("system", text);
        Assert.Contains($"Listening on {_sandbox.Socket}", text);
        Assert.Contains("./dmaheap alloc system 8MiB --hold 5\n", text);
    }

    [Fact]
    public async Task A_wrong_configuration_is_exit_code_78_and_its_errors()
    {
        _sandbox.WriteConfiguration("""  "a": { "plugin": "SystemHeap", "optoins": {} }  """);
        var ended = await _sandbox.RunAsync("serve");
        Assert.Equal(78, ended.ExitCode);
        Assert.StartsWith($"{_sandbox.Configuration}:1:", ended.Error);
        Assert.Contains("did you mean \"options\"?", ended.Error);
        Assert.Empty(_sandbox.LeftBehind);
    }

    [Fact]
    public async Task A_required_heap_that_cannot_start_is_exit_code_78_and_its_reason()
    {
        _sandbox.WriteConfiguration($$"""  "a": { "plugin": "{{Builds.Plugin("GoodPlugin")}}", "type": "probe", "options": { "ask": "throw" } }  """);
        var ended = await _sandbox.RunAsync("serve");
        Assert.Equal(78, ended.ExitCode);
        Assert.Contains("dmaheap: heap a cannot start: as asked", ended.Error);
        Assert.DoesNotContain("   at ", ended.Error);
    }

    [Fact]
    public async Task A_plugin_can_be_tried_out_beside_the_configuration()
    {
        using var host = _sandbox.Start("serve", "--plugin", Builds.Plugin("CountingHeap"), "--json");
        await host.PrintedAsync(CliSandbox.IsDocument);
        var heaps = (await _sandbox.AskAsync("list"))["heaps"]!.AsArray();
        Assert.Equal(4, heaps.Count);
        await _sandbox.AskAsync("alloc", (string)heaps[3]!["name"]!, "4KiB");
    }

    [Fact]
    public async Task A_plugin_that_is_none_is_exit_code_78()
    {
        var ended = await _sandbox.RunAsync("serve", "--plugin", _sandbox.Configuration);
        Assert.Equal(78, ended.ExitCode);
        Assert.Contains(_sandbox.Configuration, ended.Error);
        Assert.DoesNotContain("   at ", ended.Error);
    }

    /// <summary>As an ordinary user, whom we become when we are root: the daemon is looked at by its own user, and beside it, as control, a process of the same user.</summary>
    [Fact]
    public async Task Nobody_but_root_may_look_into_the_daemon()
    {
        const string Look = """
            "$0" serve --json >/dev/null 2>&1 & host=$!
            for i in $(seq 400); do [ -S "$DMAHEAP_SOCKET" ] && break; sleep 0.05; done
            ls /proc/$host/fd >/dev/null 2>&1 && echo "daemon seen" || echo "daemon hidden"
            ls /proc/$$/fd >/dev/null 2>&1 && echo "shell seen" || echo "shell hidden"
            kill $host; wait $host
            """;
        var program = Path.Combine(Builds.Folder("DmaHeap.Cli"), "dmaheap");
        using var looking = ProcessIdentity.EffectiveUserId == 0
            ? _sandbox.StartOther("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "sh", "-c", Look, program)
            : _sandbox.StartOther("sh", "-c", Look, program);
        var ended = await looking.EndAsync();
        Assert.Equal(["daemon hidden", "shell seen"], ended.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task A_limit_of_descriptors_that_is_too_low_is_told_as_such()
    {
        using var serve = _sandbox.StartOther("sh", "-c", "ulimit -n 200; exec \"$0\" serve", Path.Combine(Builds.Folder("DmaHeap.Cli"), "dmaheap"));
        var ended = await serve.EndAsync();
        Assert.Equal(1, ended.ExitCode);
        Assert.Contains("200 descriptors", ended.Error);
    }

    [Fact]
    public async Task A_mistyped_socket_path_makes_no_tree_of_directories()
    {
        var ended = await _sandbox.RunAsync("serve", "--socket", Path.Combine(_sandbox.Temporary, "no", "such", "socket"));
        Assert.Equal(1, ended.ExitCode);
        Assert.Contains("its directory cannot be made", ended.Error);
        Assert.False(Directory.Exists(Path.Combine(_sandbox.Temporary, "no")));
    }

    [Fact]
    public async Task The_folder_for_plugin_copies_may_be_taken_by_somebody_else()
    {
        var taken = Path.Combine(_sandbox.Temporary, $"dmaheap-plugins-{ProcessIdentity.EffectiveUserId}");
        File.WriteAllText(taken, "mine");
        var ended = await _sandbox.RunAsync("validate", _sandbox.Configuration);
        Assert.Equal((0, ""), (ended.ExitCode, ended.Error));
        Assert.Equal([taken], Directory.GetFileSystemEntries(_sandbox.Temporary));
    }

    async Task<int> ServingProcessAsync()
    {
        using var client = await DmaHeapClient.ConnectAsync(_sandbox.Socket);
        return client.Host.ProcessId;
    }
}

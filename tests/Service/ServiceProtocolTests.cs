using System.Diagnostics;
using System.Globalization;
using DmaHeap.Client;
using DmaHeap.Linux;
using DmaHeap.Protocol;
using DmaHeap.Tests.Cli;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Service;

/// <summary>What <c>dmaheap serve</c> tells its service manager: a real process, a real datagram socket.</summary>
public sealed class ServiceProtocolTests : IDisposable
{
    private const int SigHup = 1;

    private readonly CliSandbox _sandbox = new();
    private readonly NotifySocket _manager = new();

    public void Dispose()
    {
        _manager.Dispose();
        _sandbox.Dispose();
    }

    [Fact]
    public async Task It_is_ready_when_it_serves_and_not_before_and_says_when_it_stops()
    {
        using var host = Start();
        var ready = _manager.Next();
        using (var client = await DmaHeapClient.ConnectAsync(_sandbox.Socket)) Assert.NotEmpty(await client.ListHeapsAsync());
        Assert.Equal("1", ready!["READY"]);
        Assert.Matches($"^Serving [23] of 3 heaps on {_sandbox.Socket}$", ready["STATUS"]);

        host.Signal(CliSandbox.SigTerm);
        var stopping = _manager.Next();
        Assert.Equal("1", stopping!["STOPPING"]);
        Assert.Equal(0, (await host.EndAsync()).ExitCode);
        Assert.Null(_manager.Next(TimeSpan.Zero));
    }

    [Fact]
    public async Task A_host_that_cannot_start_is_never_ready()
    {
        _sandbox.WriteConfiguration("""  "a": { "plugin": "NoSuchHeap" }  """);
        using var host = Start();
        Assert.Equal(78, (await host.EndAsync()).ExitCode);
        Assert.DoesNotContain("READY", _manager.Next(TimeSpan.Zero)?.Keys ?? Enumerable.Empty<string>());
    }

    [Theory]
    [InlineData("a signal")]
    [InlineData("the files alone")]
    [InlineData("the command")]
    public async Task A_reload_is_told_with_its_time_and_ends_with_ready(string by)
    {
        using var host = Start();
        Assert.Contains("READY", _manager.NextState().Keys);
        var before = Microseconds();
        _sandbox.WriteConfiguration("""  "system": { "plugin": "SystemHeap" }, "more": { "plugin": "SystemHeap" }  """);
        await AskForReloadAsync();
        var reloading = _manager.NextState();
        Assert.Equal("1", reloading["RELOADING"]);
        Assert.InRange(long.Parse(reloading["MONOTONIC_USEC"], CultureInfo.InvariantCulture), before, Microseconds());
        EndsWith(status => status == $"Serving 2 of 2 heaps on {_sandbox.Socket}");

        _sandbox.WriteConfiguration("nonsense");
        await AskForReloadAsync();
        EndsWith(status => status.Contains("the last reload was refused"));
        Assert.Equal(2, (await _sandbox.AskAsync("list"))["heaps"]!.AsArray().Count);

        async Task AskForReloadAsync()
        {
            if (by == "a signal") host.Signal(SigHup);
            if (by == "the command") await _sandbox.RunAsync("reload");
        }

        // The files are noticed as well, so that there may be more reloads than were asked for. Each begins and ends.
        void EndsWith(Func<string, bool> wanted)
        {
            while (true)
            {
                var state = _manager.NextState();
                if (state.ContainsKey("READY") && wanted(state["STATUS"])) return;
            }
        }
    }

    [Fact]
    public async Task The_watchdog_is_told_while_the_host_answers_and_no_more_when_its_workers_hang()
    {
        _sandbox.WriteConfiguration("""  "system": { "plugin": "SystemHeap" }, "hung": { "plugin": "FakeHeap", "options": { "rules": [ { "on": "allocate", "hang": "forever" } ] } }  """);
        using var host = Start(("WATCHDOG_USEC", "400000"));
        Assert.Contains("READY", _manager.Next()!.Keys);
        for (var i = 0; i < 5; i++) Assert.Equal("1", _manager.Next()!["WATCHDOG"]);

        // As many as there can be workers, and then some.
        var clients = Enumerable.Range(0, 80).Select(_ => RawClient.Connect(_sandbox.Socket)).ToArray();
        try
        {
            foreach (var client in clients)
            {
                client.Send(Messages.Hello());
                client.TrySend(Messages.Allocate(1, "hung", 4096));
            }

            var clock = Stopwatch.StartNew();
            var silence = TimeSpan.FromSeconds(2);
            while (_manager.Next(silence) is { } message) Assert.True(message.ContainsKey("WATCHDOG") && clock.Elapsed < TimeSpan.FromSeconds(50), "the watchdog is still told that all is well");
        }
        finally
        {
            foreach (var client in clients) client.Dispose();
        }

        Assert.True(host.IsRunning);
        host.Signal(CliSandbox.SigKill);
        await host.EndAsync();
    }

    [Fact]
    public async Task A_watchdog_that_is_meant_for_another_process_is_left_alone()
    {
        using var host = Start(("WATCHDOG_USEC", "1000"), ("WATCHDOG_PID", "1"));
        Assert.Contains("READY", _manager.Next()!.Keys);
        host.Signal(CliSandbox.SigTerm);
        Assert.Contains("STOPPING", _manager.Next()!.Keys);
        await host.EndAsync();
    }

    [Fact]
    public async Task A_manager_that_is_gone_is_a_line_in_the_log()
    {
        using var host = _sandbox.StartIn([("NOTIFY_SOCKET", _manager.Path + "-gone")], "serve", "--json");
        await host.PrintedAsync(CliSandbox.IsDocument);
        host.Signal(CliSandbox.SigTerm);
        var ended = await host.EndAsync();
        Assert.Equal(0, ended.ExitCode);
        Assert.Contains("The service manager was not told ", ended.Error);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Under_the_journal_lines_have_a_priority_and_nowhere_else(bool isJournal)
    {
        // The shell knows what its standard error is, and names that, or something else, as the service manager does.
        var stream = isJournal ? "$(stat -L -c %d:%i /dev/fd/2)" : "1:1";
        var program = Path.Combine(Builds.Folder("DmaHeap.Cli"), "dmaheap");
        using var host = _sandbox.StartOther("sh", "-c", $"JOURNAL_STREAM={stream} NOTIFY_SOCKET={_manager.Path} exec \"$0\" serve", program);
        Assert.Contains("READY", _manager.Next()!.Keys);
        host.Signal(CliSandbox.SigTerm);
        var ended = await host.EndAsync();
        Assert.Equal(0, ended.ExitCode);
        var lines = ended.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains(lines, line => line.Contains("Listening on"));
        Assert.All(lines, line => Assert.Equal(isJournal, line.StartsWith("<6>DmaHeap[", StringComparison.Ordinal) || line.StartsWith("<4>DmaHeap[", StringComparison.Ordinal)));
        Assert.DoesNotContain('\e', ended.Error);
        Assert.Equal(isJournal, ended.Output.Length == 0);
    }

    private RunningProgram Start(params (string Name, string Value)[] environment) =>
        _sandbox.StartIn(environment.Append(("NOTIFY_SOCKET", _manager.Path)), "serve", "--json");

    private static long Microseconds() => (long)(Stopwatch.GetTimestamp() * (1e6 / Stopwatch.Frequency));
}

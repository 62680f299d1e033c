using System.Diagnostics;
using DmaHeap.Client;
using DmaHeap.Linux;
using DmaHeap.Tests.Cli;
using DmaHeap.Tests.Host;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Owners;

/// <summary>One <c>dmaheap serve</c> that all users reach, with every kind of page memory there is.</summary>
internal sealed class StressedHost : IDisposable
{
    private const string ForAll = "\"access\": { \"mode\": \"0666\" }";

    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(20);
    private static readonly string[] s_pooled = ["pooled", "fixed", "huge", "again-huge", "walled"];

    private readonly CliSandbox _sandbox;
    private readonly RunningProgram _host;
    private readonly (int Watches, int Files, int Children) _before;

    private StressedHost(CliSandbox sandbox, RunningProgram host)
    {
        (_sandbox, _host) = (sandbox, host);
        _before = Held();
    }

    /// <summary>The heaps, as the stress is told of them.</summary>
    public static string[] Heaps => ["lazy", "committed", "pooled", "fixed", "huge", "again:recycle", "again-huge:recycle", "walled:recycle"];

    /// <summary>Whether the host's descriptors can be seen: it keeps its own user out of them.</summary>
    private static bool IsSeen => ProcessIdentity.EffectiveUserId == 0;

    /// <param name="asNobody">An ordinary user's, where we are root.</param>
    public static async Task<StressedHost> StartAsync(bool asNobody = false)
    {
        const string Pool = "\"max\": \"16MiB\"";
        var sandbox = new CliSandbox();
        try
        {
            sandbox.WriteConfiguration($$"""
                "lazy": { "plugin": "SystemHeap", {{ForAll}} },
                "committed": { "plugin": "SystemHeap", "commit": "committed", {{ForAll}} },
                "pooled": { "plugin": "SystemHeap", "pool": { {{Pool}} }, {{ForAll}} },
                "fixed": { "plugin": "SystemHeap", "pool": { {{Pool}}, "sizes": ["4KiB", "64KiB"] }, {{ForAll}} },
                "huge": { "plugin": "SystemHeap", "pages": "auto", "pool": { {{Pool}} }, {{ForAll}} },
                "again": { "plugin": "SystemHeap", "recycle": "domain", {{ForAll}} },
                "again-huge": { "plugin": "SystemHeap", "pages": "auto", "recycle": "domain", "pool": { {{Pool}} }, {{ForAll}} },
                "walled": { "plugin": "SystemHeap", "isolation": "process", "recycle": "domain", "pool": { {{Pool}} }, {{ForAll}} }
                """);
            if (!asNobody) return new StressedHost(sandbox, await sandbox.ServeAsync());
            var host = sandbox.StartOther(
                "setpriv", $"--reuid={OtherUser.Nobody}", $"--regid={OtherUser.Nobody}", "--clear-groups", Path.Combine(Builds.Folder("DmaHeap.Cli"), "dmaheap"), "serve", "--json");
            await host.PrintedAsync(CliSandbox.IsDocument);
            return new StressedHost(sandbox, host);
        }
        catch
        {
            sandbox.Dispose();
            throw;
        }
    }

    /// <param name="seed">Decides what is done.</param>
    /// <param name="time">How long.</param>
    /// <param name="domains">Trust domains, as the stress is told of them.</param>
    public Task<OwnersRun> RunAsync(int seed, TimeSpan time, IEnumerable<string> domains) =>
        OwnersRun.RunAsync(_sandbox.StartOther, _sandbox.Socket, seed, time, [.. domains.SelectMany(domain => new[] { "--domain", domain }), .. Heaps]);

    /// <summary>Whatever the stress did, nothing of it is left once pools have given back what they keep: no buffer, no watch, no file, no process.</summary>
    public async Task AssertNothingIsHeldAsync()
    {
        using var client = DmaHeapClient.Connect(_sandbox.Socket);
        await Eventually.IsAsync(async () => (await client.StatisticsAsync()).Buffers == 0, "all buffers are released");
        foreach (var heap in s_pooled) Assert.InRange((await client.StatisticsAsync(heap)).Memory.PoolBytes, 0, 16 << 20);

        // Pools stay empty for a while after they were asked for everything; a piece that was being made may come after that.
        var clock = Stopwatch.StartNew();
        (int Watches, int Files, int Children) held;
        do
        {
            await client.ShrinkAsync();
            held = Held();
        }
        while (held != _before && clock.Elapsed < s_deadline);
        Assert.Equal(_before, held);
    }

    public void Dispose()
    {
        _host.Dispose();
        _sandbox.Dispose();
    }

    private (int Watches, int Files, int Children) Held()
    {
        if (!IsSeen) return default;
        var process = $"/proc/{_host.Id}";
        var watches = Directory.GetFiles($"{process}/fdinfo").Sum(file => Lines(file).Count(line => line.StartsWith("inotify wd:", StringComparison.Ordinal)));
        var files = new DirectoryInfo($"{process}/fd").EnumerateFileSystemInfos().Count(link => Heaps.Any(heap => Target(link).StartsWith($"/memfd:{heap.Split(':')[0]}", StringComparison.Ordinal)));
        var children = Directory.GetDirectories($"{process}/task").Sum(thread => Lines($"{thread}/children").Sum(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length));
        return (watches, files, children);
    }

    // A descriptor or a thread that goes while we look is none.
    private static string[] Lines(string file)
    {
        try
        {
            return File.ReadAllLines(file);
        }
        catch (IOException)
        {
            return [];
        }
    }

    private static string Target(FileSystemInfo link)
    {
        try
        {
            return link.LinkTarget ?? "";
        }
        catch (IOException)
        {
            return "";
        }
    }
}

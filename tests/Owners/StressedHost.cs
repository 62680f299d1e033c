using System.Globalization;
using DmaHeap.Client;
using DmaHeap.Linux;
using DmaHeap.Tests.Cli;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Owners;

/// <summary>One <c>dmaheap serve</c> that all users reach, with every kind of page memory there is.</summary>
public sealed class StressedHost : IAsyncLifetime
{
    private const string ForAll = "\"access\": { \"mode\": \"0666\" }";

    private readonly CliSandbox _sandbox = new();
    private RunningProgram? _host;
    private (int Watches, int Files, int Children) _before;

    /// <summary>The heaps, as the stress is told of them.</summary>
    internal static string[] Heaps => ["lazy", "committed", "walled"];

    /// <summary>Whether the host's descriptors can be seen: it keeps its own user out of them.</summary>
    private static bool IsSeen => ProcessIdentity.EffectiveUserId == 0;

    public async ValueTask InitializeAsync()
    {
        _sandbox.WriteConfiguration($$"""
            "lazy": { "plugin": "SystemHeap", {{ForAll}} },
            "committed": { "plugin": "SystemHeap", "commit": "committed", {{ForAll}} },
            "walled": { "plugin": "SystemHeap", "isolation": "process", {{ForAll}} }
            """);
        _host = await _sandbox.ServeAsync();
        _before = Held();
    }

    internal Task<OwnersRun> RunAsync(int seed, TimeSpan time) =>
        OwnersRun.RunAsync(_sandbox.StartOther, _sandbox.Socket, seed, time, [.. OwnersRun.Domains(ProcessIdentity.EffectiveUserId), .. Heaps]);

    /// <summary>Whatever the stress did, nothing of it is left: no buffer, no watch, no file, no process.</summary>
    internal async Task AssertNothingIsHeldAsync()
    {
        using var client = DmaHeapClient.Connect(_sandbox.Socket);
        await Eventually.IsAsync(async () => (await client.StatisticsAsync()).Buffers == 0, "all buffers are released");
        await Eventually.Is(() => Held() == _before, $"the host has {Held()} and had {_before} (watches, files, children)");
    }

    public ValueTask DisposeAsync()
    {
        _host?.Dispose();
        _sandbox.Dispose();
        return ValueTask.CompletedTask;
    }

    private (int Watches, int Files, int Children) Held()
    {
        if (!IsSeen) return default;
        var process = $"/proc/{_host!.Id}";
        var watches = Directory.GetFiles($"{process}/fdinfo").Sum(file => Lines(file).Count(line => line.StartsWith("inotify wd:", StringComparison.Ordinal)));
        var files = new DirectoryInfo($"{process}/fd").EnumerateFileSystemInfos().Count(link => Heaps.Any(heap => Target(link).StartsWith($"/memfd:{heap}", StringComparison.Ordinal)));
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

using DmaHeap.Plugins;
using Microsoft.Extensions.Logging;

namespace DmaHeap.Hosting.Heaps;

/// <summary>A plugin nobody uses any more whose code is still in memory.</summary>
/// <param name="Name">The plugin.</param>
/// <param name="Path">Its file.</param>
/// <param name="Sha256">Of its main assembly.</param>
/// <param name="Since">When it was to go.</param>
/// <param name="Detail">What is known of why it stays.</param>
internal sealed record StayedPlugin(string Name, string Path, string Sha256, DateTimeOffset Since, string Detail);

/// <summary>Sees plugins off: unloads them, verifies that they went, and keeps an eye on those that did not.</summary>
internal sealed class PluginDepartures(ILogger log, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan s_first = TimeSpan.FromSeconds(1), s_longest = TimeSpan.FromMinutes(5);

    private readonly Lock _lock = new();
    private readonly List<(LoadedPlugin Plugin, StayedPlugin Stayed)> _stayed = [];
    private ITimer? _again;
    private TimeSpan _pause = s_first;
    private bool _disposed;

    public IReadOnlyList<StayedPlugin> Stayed
    {
        get
        {
            lock (_lock) return [.. _stayed.Select(entry => entry.Stayed)];
        }
    }

    /// <summary>Unloads a plugin whose heaps are disposed.</summary>
    public void See(LoadedPlugin plugin)
    {
        var manifest = plugin.Manifest;
        var report = plugin.Unload();
        if (report.Unloaded)
        {
            HostLog.PluginUnloaded(log, manifest.Name, manifest.Sha256[..12], (long)report.Elapsed.TotalMilliseconds);
            return;
        }

        if (!plugin.Unloadable) return;
        HostLog.PluginStayed(log, manifest.Name, report.Detail);
        lock (_lock)
        {
            _stayed.Add((plugin, new StayedPlugin(manifest.Name, manifest.Path, manifest.Sha256, time.GetUtcNow(), report.Detail)));
            _pause = s_first;
        }

        Schedule();
    }

    /// <summary>Looks whether what stayed has gone meanwhile.</summary>
    public void LookAgain()
    {
        (LoadedPlugin Plugin, StayedPlugin Stayed)[] stayed;
        lock (_lock) stayed = [.. _stayed];
        foreach (var entry in stayed)
        {
            if (!entry.Plugin.Unload().Unloaded) continue;
            lock (_lock)
            {
                if (!_stayed.Remove(entry)) continue;
            }

            HostLog.PluginUnloaded(log, entry.Stayed.Name, entry.Stayed.Sha256[..12], (long)(time.GetUtcNow() - entry.Stayed.Since).TotalMilliseconds);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            _again?.Dispose();
            _stayed.Clear();
        }
    }

    // Each look costs collections of the whole memory: ever more seldom.
    private void Schedule()
    {
        lock (_lock)
        {
            if (_disposed || _stayed.Count == 0) return;
            _again?.Dispose();
            _again = time.CreateTimer(_ => LookAndSchedule(), null, _pause, Timeout.InfiniteTimeSpan);
            _pause = _pause * 2 < s_longest ? _pause * 2 : s_longest;
        }
    }

    private void LookAndSchedule()
    {
        LookAgain();
        Schedule();
    }
}

using DmaHeap.Plugins;
using Microsoft.Extensions.Logging;

namespace DmaHeap.Hosting.Heaps;

/// <summary>
/// The plugins of a host. What a plugin is, is its content: the same folder with the same bytes is loaded once, however many heaps are of it; with other bytes it is another plugin
/// beside the first. One that nobody has a share in any more is unloaded, and that it went is looked at. Thread-safe.
/// </summary>
internal sealed class PluginSet(ILogger log, TimeProvider? time = null) : IDisposable
{
    private const int Tries = 3;

    private readonly Lock _lock = new();
    private readonly Dictionary<PluginKey, Entry> _loaded = [];
    private readonly List<Entry> _leaving = [];
    private readonly PluginDepartures _departures = new(log, time ?? TimeProvider.System);
    private PluginLoader? _loader;

    /// <summary>Plugins that were to go and did not, yet.</summary>
    public IReadOnlyList<StayedPlugin> Stayed => _departures.Stayed;

    /// <summary>A share in the plugin of a path, as its files are now.</summary>
    /// <param name="path">Its main assembly.</param>
    /// <param name="trusted">What that and the files beside it must be; null for whatever they are.</param>
    /// <param name="unloadable">Whether it can leave the process again.</param>
    /// <exception cref="PluginException">The file is no plugin for this host; the message says why and what to do.</exception>
    public PluginLease Acquire(string path, ExpectedPlugin? trusted = null, bool unloadable = true)
    {
        lock (_lock)
        {
            _loader ??= new PluginLoader();
            for (var tries = 1; ; tries++)
            {
                try
                {
                    var key = new PluginKey(path, _loader.ContentOf(path), unloadable);
                    if (_loaded.TryGetValue(key, out var entry)) ThrowIfNot(trusted, entry);
                    else _loaded[key] = entry = new Entry(_loader.Load(path, unloadable, (trusted ?? new ExpectedPlugin()) with { Content = key.Content }), key);
                    entry.Shares++;
                    return new PluginLease(this, entry);
                }
                catch (PluginException changed) when (changed.Refusal == PluginRefusal.Changed && tries < Tries)
                {
                    // Somebody deploys it at this very moment: what is there next is as good.
                }
            }
        }
    }

    private void ThrowIfNot(ExpectedPlugin? trusted, Entry entry)
    {
        if (trusted is not null) _loader!.ThrowIfNot(entry.Plugin, trusted);
    }

    internal PluginLease Share(Entry entry)
    {
        lock (_lock)
        {
            entry.Shares++;
            return new PluginLease(this, entry);
        }
    }

    internal void Return(Entry entry)
    {
        lock (_lock)
        {
            if (--entry.Shares > 0) return;
            if (_loaded.Remove(entry.Key)) _leaving.Add(entry);
        }
    }

    /// <summary>Unloads what nobody has a share in, and looks whether it went. On a thread whose stack has held nothing of a plugin.</summary>
    public void UnloadUnused()
    {
        Entry[] leaving;
        lock (_lock)
        {
            leaving = [.. _leaving];
            _leaving.Clear();
        }

        foreach (var entry in leaving) _departures.See(entry.Plugin);
        _departures.LookAgain();
    }

    /// <summary>Lets go of the plugins of a host that did not start. Whether they unload is not asked: the exception that says why it did not start may hold them.</summary>
    public void Abandon()
    {
        foreach (var entry in TakeAll()) entry.Plugin.Dispose();
        _departures.Dispose();
        _loader?.Dispose();
    }

    /// <summary>Unloads the plugins, whose heaps are disposed, and logs any that stays.</summary>
    public void Dispose()
    {
        foreach (var entry in TakeAll()) _departures.See(entry.Plugin);
        _departures.Dispose();
        _loader?.Dispose();
    }

    private Entry[] TakeAll()
    {
        lock (_lock)
        {
            Entry[] all = [.. _loaded.Values, .. _leaving];
            _loaded.Clear();
            _leaving.Clear();
            return all;
        }
    }

    internal readonly record struct PluginKey(string Path, string Content, bool Unloadable);

    internal sealed class Entry(LoadedPlugin plugin, PluginKey key)
    {
        public LoadedPlugin Plugin => plugin;

        public PluginKey Key => key;

        /// <summary>Guarded by the set.</summary>
        public int Shares { get; set; }
    }
}

using DmaHeap.Plugins;

namespace DmaHeap.Hosting.Heaps;

/// <summary>A share in a loaded plugin. The plugin is unloaded after the last share was given back. Thread-safe.</summary>
internal sealed class PluginLease : IDisposable
{
    private readonly PluginSet _set;
    private PluginSet.Entry? _entry;

    internal PluginLease(PluginSet set, PluginSet.Entry entry)
    {
        _set = set;
        _entry = entry;
        Manifest = entry.Plugin.Manifest;
    }

    /// <summary>What was loaded; holds nothing of the plugin.</summary>
    public PluginManifest Manifest { get; }

    /// <exception cref="ObjectDisposedException">The share was given back.</exception>
    public LoadedPlugin Plugin => (_entry ?? throw new ObjectDisposedException(Manifest.Name)).Plugin;

    /// <summary>One more share in the same plugin.</summary>
    public PluginLease Again() => _set.Share(_entry ?? throw new ObjectDisposedException(Manifest.Name));

    public bool IsOfSamePlugin(PluginLease other) => _entry is not null && ReferenceEquals(_entry, other._entry);

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _entry, null) is { } entry) _set.Return(entry);
    }
}

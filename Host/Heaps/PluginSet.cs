using DmaHeap.Plugins;
using Microsoft.Extensions.Logging;

namespace DmaHeap.Hosting.Heaps;

/// <summary>The plugins of a host: each file loaded once, all unloaded when the heaps are gone.</summary>
internal sealed class PluginSet(ILogger log) : IDisposable
{
    private readonly Dictionary<string, LoadedPlugin> _byPath = new(StringComparer.Ordinal);
    private PluginLoader? _loader;

    /// <exception cref="PluginException">The file is no plugin for this host; the message says why and what to do.</exception>
    public LoadedPlugin Load(string path)
    {
        if (_byPath.TryGetValue(path, out var loaded)) return loaded;
        _loader ??= new PluginLoader();
        return _byPath[path] = _loader.Load(path);
    }

    /// <summary>Lets go of the plugins of a host that did not start. Whether they unload is not asked: the exception that says why it did not start may hold them.</summary>
    public void Abandon()
    {
        foreach (var plugin in _byPath.Values) plugin.Dispose();
        _byPath.Clear();
        _loader?.Dispose();
    }

    /// <summary>Unloads the plugins, whose heaps are disposed, and logs any that stays.</summary>
    public void Dispose()
    {
        foreach (var plugin in _byPath.Values)
        {
            var report = plugin.Unload();
            if (!report.Unloaded && plugin.Unloadable) HostLog.PluginStayed(log, plugin.Manifest.Name, report.Detail);
        }

        _byPath.Clear();
        _loader?.Dispose();
    }
}

using DmaHeap.Plugins;

namespace DmaHeap.Hosting.Heaps;

/// <summary>The shares that one plan takes in plugins, so that a plan that comes to nothing gives all of them back.</summary>
internal sealed class PluginLeases(PluginSet plugins)
{
    private readonly List<PluginLease> _taken = [];

    /// <inheritdoc cref="PluginSet.Acquire"/>
    public PluginLease Take(string path, ExpectedPlugin? trusted = null, bool unloadable = true)
    {
        var lease = plugins.Acquire(path, trusted, unloadable);
        _taken.Add(lease);
        return lease;
    }

    /// <summary>Gives back all that were taken, each once.</summary>
    public void ReturnAll()
    {
        foreach (var lease in _taken) lease.Dispose();
        _taken.Clear();
    }
}

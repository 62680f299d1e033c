using System.Runtime.CompilerServices;
using System.Text;
using DmaHeap.Hosting.Configuration;
using DmaHeap.Plugins;
using Microsoft.Extensions.Logging.Abstractions;

namespace DmaHeap.Hosting.Heaps;

/// <summary>A plugin file loaded beside any host, by the way a host loads it, so that its heap types can be tried one at a time. Dispose it to unload.</summary>
internal sealed class PluginTrial : IDisposable
{
    private readonly PluginSet _plugins = new(NullLogger.Instance);
    private readonly LoadedPlugin _plugin;

    /// <exception cref="PluginException">The file is no plugin for this host.</exception>
    public PluginTrial(string file)
    {
        File = Path.GetFullPath(file);
        try
        {
            _plugin = _plugins.Acquire(File).Plugin;
        }
        catch
        {
            _plugins.Abandon();
            throw;
        }
    }

    public string File { get; }

    /// <summary>Names of its heap types, in the order of declaration.</summary>
    public IReadOnlyList<string> HeapTypes => [.. _plugin.HeapTypes.Select(type => type.Name)];

    public HeapCapabilities CapabilitiesOf(string heapType) => Find(heapType).Capabilities;

    public Type? OptionsTypeOf(string heapType) => Find(heapType).OptionsType;

    /// <summary>Creates a heap by its constructor.</summary>
    public IHeap Create(string heapType, IHeapContext context, object? options) => _plugin.CreateHeap(Find(heapType), context, options);

    /// <summary>Reads a heap type's options as from a file of their own.</summary>
    public ConfigurationResult<object?> Bind(string heapType, string json, string fileName) => OptionsText.Bind(Find(heapType).OptionsType, json, fileName, heapType);

    /// <summary>Unloads, and looks whether it happened: nothing of the plugin may be on the caller's stack.</summary>
    /// <returns>Why it stayed; null when it is gone.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public string? Unload()
    {
        var report = _plugin.Unload();
        return report.Unloaded ? null : report.Detail;
    }

    public void Dispose() => _plugins.Dispose();

    private HeapTypeInfo Find(string heapType) =>
        _plugin.HeapTypes.FirstOrDefault(type => type.Name == heapType)
        ?? throw new PluginException(PluginRefusal.HeapTypeInvalid, $"{File} has no heap type \"{heapType}\"; it has {string.Join(", ", HeapTypes.Select(name => $"\"{name}\""))}.");
}

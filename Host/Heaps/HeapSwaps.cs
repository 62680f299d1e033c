using DmaHeap.Hosting.Configuration;
using DmaHeap.Plugins;

namespace DmaHeap.Hosting.Heaps;

/// <summary>The swaps a host was told, checked against its configuration.</summary>
internal sealed class HeapSwaps
{
    private readonly Dictionary<string, HeapSwap> _byHeap;

    private HeapSwaps(Dictionary<string, HeapSwap> byHeap) => _byHeap = byHeap;

    public static HeapSwaps None { get; } = new([]);

    /// <exception cref="ConfigurationException">A heap to be swapped is not configured, or is to be swapped twice.</exception>
    public static HeapSwaps Of(IReadOnlyList<HeapSwap> swaps, HostConfiguration configuration)
    {
        var byHeap = new Dictionary<string, HeapSwap>(StringComparer.Ordinal);
        var errors = new ConfigurationErrors();
        foreach (var swap in swaps)
        {
            var heap = configuration.Heaps.FirstOrDefault(heap => heap.Name == swap.Heap || heap.Aliases.Contains(swap.Heap));
            if (heap is null) Refuse($"has no heap {JsonPath.Quote(swap.Heap)} to be swapped; it has {string.Join(", ", configuration.Heaps.Select(known => known.Name))}");
            else if (!byHeap.TryAdd(heap.Name, swap)) Refuse($"has one heap {heap.Name}, which cannot be swapped twice");
        }

        return errors.Count == 0 ? new HeapSwaps(byHeap) : throw new ConfigurationException(errors.InOrder());

        void Refuse(string sentence) => errors.Add(new SourceLocation(configuration.SourcePath, 0, 0), "", sentence);
    }

    public HeapSwap? Find(HeapConfiguration heap) => _byHeap.GetValueOrDefault(heap.Name);

    /// <exception cref="PluginException">The plugin has several heap types, of which a swap can choose none.</exception>
    public static HeapTypeInfo TypeOf(HeapSwap swap, LoadedPlugin plugin) => plugin.HeapTypes.Count == 1
        ? plugin.HeapTypes[0]
        : throw new PluginException(PluginRefusal.HeapTypeInvalid, $"{swap.Plugin} has {plugin.HeapTypes.Count} heap types; only a plugin with one can stand in for a heap.");

    /// <summary>The plugin's options, of the swap's file or all defaults; what is wrong with them is added.</summary>
    public static object? Bind(HeapSwap swap, HeapTypeInfo type, ConfigurationErrors errors)
    {
        var bound = (swap.Options ?? OptionsFile.Empty).Bind(swap.Plugin, type.OptionsType);
        foreach (var error in bound.Errors) errors.Add(error.Location, error.Path, error.Message);
        return bound.Value;
    }

    /// <summary>As <see cref="Bind"/>, by the metadata of the options class alone: nothing of the plugin runs.</summary>
    public static void Check(HeapSwap swap, HeapTypeInfo type, ConfigurationErrors errors) => (swap.Options ?? OptionsFile.Empty).Check(swap.Plugin, type.OptionsType, errors);
}

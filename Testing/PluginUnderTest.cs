using DmaHeap.Hosting.Heaps;

namespace DmaHeap.Testing;

/// <summary>
/// A built plugin as the conformance kit meets it: loaded from its file as a host loads it, in a context of its own. Its code runs in this process. Thread-safe.
/// </summary>
public sealed class PluginUnderTest : IDisposable
{
    private const string InCode = "options";

    private readonly PluginTrial _plugin;

    private PluginUnderTest(PluginTrial plugin) => _plugin = plugin;

    /// <summary>Loads a plugin.</summary>
    /// <param name="file">Path of its main assembly.</param>
    /// <returns>The plugin, loaded until it is disposed.</returns>
    /// <exception cref="T:DmaHeap.Plugins.PluginException">It is no plugin for this host; the message says why and what to do.</exception>
    public static PluginUnderTest Load(string file)
    {
        ArgumentException.ThrowIfNullOrEmpty(file);
        return new PluginUnderTest(new PluginTrial(file));
    }

    /// <summary>Names of its heap types, in the order it declares them.</summary>
    public IReadOnlyList<string> HeapTypes => _plugin.HeapTypes;

    /// <summary>One of its heap types, for <see cref="HeapConformance"/>. Use it before this is disposed.</summary>
    /// <param name="heapType">One of <see cref="HeapTypes"/>.</param>
    /// <param name="options">Its options as JSON; null for its defaults.</param>
    /// <param name="source">What errors in the options name the text, such as the file it was read from.</param>
    /// <exception cref="T:DmaHeap.Plugins.PluginException">It has no such heap type.</exception>
    /// <exception cref="T:DmaHeap.Hosting.Configuration.ConfigurationException">The options are wrong: all that is wrong, each with its place.</exception>
    public HeapUnderTest Heap(string heapType, string? options = null, string source = InCode)
    {
        var bound = _plugin.Bind(heapType, options ?? "{}", source).ValueOrThrow();
        return new HeapUnderTest
        {
            Name = heapType,
            Create = context => _plugin.Create(heapType, context, bound),
            Capabilities = _plugin.CapabilitiesOf(heapType),
            Options = options ?? "{}",
            PluginFile = _plugin.File,
            HeapType = heapType,
            OptionsType = _plugin.OptionsTypeOf(heapType),
            CreateWith = (context, value) => _plugin.Create(heapType, context, value),
        };
    }

    /// <summary>Unloads the plugin, as far as nothing holds on to it.</summary>
    public void Dispose() => _plugin.Dispose();
}

using System.Runtime.CompilerServices;
using DmaHeap.Hosting.Heaps;
using Microsoft.Extensions.Logging.Abstractions;

namespace DmaHeap.Hosting.Configuration;

/// <summary>Checks how a host would be set up as far as can be without starting a heap: what a start refuses, this refuses.</summary>
public static class ConfigurationCheck
{
    /// <summary>Reads the configuration, loads its plugins, binds their options, and unloads them again.</summary>
    /// <param name="options">How the host would be set up; the socket is not touched.</param>
    /// <returns>Names of the heaps, in the order of the configuration.</returns>
    /// <exception cref="ConfigurationException">All that is wrong with the configuration.</exception>
    /// <exception cref="Plugins.PluginException">A plugin file given by the program cannot be loaded.</exception>
    /// <exception cref="ArgumentException">Two heaps share a name, or a name is not allowed.</exception>
    public static IReadOnlyList<string> Run(DmaHeapHostOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        using var plugins = new PluginSet(NullLogger.Instance);
        return Names(options, plugins);
    }

    // Not inlined: an object of a plugin left on the caller's stack would keep the plugin from being unloaded.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static string[] Names(DmaHeapHostOptions options, PluginSet plugins)
    {
        var heaps = HostPlan.Make(options, plugins).Heaps;
        HeapRegistry.ThrowIfNamesClash(heaps);
        return [.. heaps.Select(heap => heap.Name)];
    }
}

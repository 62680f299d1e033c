using System.Reflection;
using DmaHeap.Heaps;
using DmaHeap.Hosting.Configuration;

namespace DmaHeap.Tests.Configuration;

/// <summary>The options of the plugins that ship with the host, as their assemblies declare them.</summary>
internal static class ShippedPlugins
{
    internal static PluginOptions[] Options { get; } =
    [
        .. from plugin in new[] { typeof(SystemHeap), typeof(CmaHeap), typeof(SecureHeap), typeof(AttachTimeHeap), typeof(RegionHeap), typeof(FakeHeap) }
           from heap in plugin.Assembly.GetCustomAttributes<HeapTypeAttribute>()
           select new PluginOptions(plugin.Assembly.GetName().Name!, heap.Name, heap.Options),
    ];
}

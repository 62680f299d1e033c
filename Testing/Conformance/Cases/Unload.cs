using System.Runtime.CompilerServices;
using DmaHeap.Hosting;
using DmaHeap.Hosting.Heaps;

namespace DmaHeap.Testing.Conformance;

/// <summary>A plugin whose heaps are gone goes, too.</summary>
internal sealed class Unload : ConformanceCase
{
    private const string Heap = "conformance-unload";

    public override string Name => "unload";

    public override string Checks => "The plugin is loaded once more, its heap used and disposed, and the plugin's load context is collected.";

    public override string Failure => "A host that takes a new version of a plugin keeps the old one's code and memory for ever: end threads and timers, undo registrations in Dispose.";

    internal override string? WhyNot(HeapUnderTest heap) => heap.PluginFile is null ? $"{heap.Name} has no PluginFile to load" : null;

    internal override void Check(CaseRun run)
    {
        using var plugin = new PluginTrial(run.Heap.PluginFile!);
        Use(plugin, run.Heap);
        if (plugin.Unload() is { } stays) throw new CaseFailure(stays.TrimEnd('.'));
    }

    // Not inlined, and nothing kept: an object of the plugin left on the caller's stack would keep it.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Use(PluginTrial plugin, HeapUnderTest heap)
    {
        var type = heap.HeapType ?? plugin.HeapTypes[0];
        var options = plugin.Bind(type, heap.Options, "options").ValueOrThrow();
        var host = DmaHeapTestHost.Start(new HeapDefinition { Name = Heap, Create = context => plugin.Create(type, context, options) });
        try
        {
            for (var i = 0; i < 4; i++) host.Allocate(Heap, heap.SmallLength).Dispose();
            SpinWait.SpinUntil(() => host.Host.LiveBuffers == 0, heap.Patience);
        }
        finally
        {
            host.Stop();
        }
    }
}

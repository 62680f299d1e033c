using DmaHeap.Hosting.Configuration;

namespace DmaHeap.Hosting;

/// <summary>
/// Another plugin in the place of a configured heap's own, for a run: name, aliases, access and limits stay the heap's; its own plugin is not even looked for. Immutable.
/// </summary>
/// <param name="Heap">Name or alias of the configured heap.</param>
/// <param name="Plugin">The plugin, as a configuration names it.</param>
/// <param name="Options">Its options; null for the defaults.</param>
public sealed record HeapSwap(string Heap, string Plugin, OptionsFile? Options);

namespace DmaHeap.Testing.Conformance;

/// <summary>Where a heap under test comes from, for the cases that need more than one heap as it was set up.</summary>
/// <param name="OptionsType">The class of its options; null when it takes none.</param>
/// <param name="CreateWith">Makes the heap with other options.</param>
/// <param name="PluginFile">The assembly that declares it as a heap type; null when none does.</param>
/// <param name="HeapType">What the plugin calls it.</param>
/// <param name="Options">The options it is tried with, as JSON.</param>
internal sealed record HeapOrigin(Type? OptionsType, Func<IHeapContext, object?, IHeap>? CreateWith, string? PluginFile, string HeapType, string Options);

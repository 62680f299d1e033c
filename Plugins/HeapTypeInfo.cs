namespace DmaHeap.Plugins;

/// <summary>A heap type of a loaded plugin, checked to be one.</summary>
/// <param name="HeapType">The class. Holding on to it keeps the plugin from unloading.</param>
/// <param name="OptionsType">Its options class, or null. Holding on to it keeps the plugin from unloading.</param>
/// <param name="Name">What the configuration's <c>"type"</c> says.</param>
/// <param name="Capabilities">What the class promises.</param>
public sealed record HeapTypeInfo(Type HeapType, Type? OptionsType, string Name, HeapCapabilities Capabilities)
{
    /// <summary>False where the class says that it takes no pages of the host's (<see cref="TakesNoPagesAttribute"/>).</summary>
    public bool TakesPages { get; init; } = true;
}

namespace DmaHeap.Plugins;

/// <summary>One reason why an inspected plugin cannot be loaded by this host.</summary>
/// <param name="Refusal">What kind of reason.</param>
/// <param name="Message">What is wrong and what to do, without the plugin's name.</param>
public sealed record PluginProblem(PluginRefusal Refusal, string Message);

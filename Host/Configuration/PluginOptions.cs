namespace DmaHeap.Hosting.Configuration;

/// <summary>A plugin's options class, for the schema of a configuration that names the plugin. Holds the type, and so its assembly.</summary>
/// <param name="Plugin">The plugin as the configuration names it.</param>
/// <param name="Type">The heap type, for a plugin with several; null for all of the plugin's.</param>
/// <param name="OptionsType">The options class; null when it takes no options.</param>
public sealed record PluginOptions(string Plugin, string? Type, Type? OptionsType);

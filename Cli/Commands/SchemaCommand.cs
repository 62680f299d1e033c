using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using DmaHeap.Hosting.Configuration;
using DmaHeap.Plugins;

namespace DmaHeap.Cli.Commands;

/// <summary><c>dmaheap schema</c>: the JSON Schema of a configuration, for editors.</summary>
static class SchemaCommand
{
    static readonly Option<string[]> s_plugins = new("--plugin")
    {
        Description = "Describe this plugin's options too, for a configuration that names it by this very path. May be given several times.",
        HelpName = "DLL",
        DefaultValueFactory = _ => [],
    };

    static readonly JsonSerializerOptions s_readable = new() { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Command Create()
    {
        var command = new Command("schema", "Print the JSON Schema of a configuration, with the options of the installed plugins.") { s_plugins };
        command.SetAction(Run);
        return command;
    }

    static int Run(ParseResult parsed)
    {
        using var loader = new PluginLoader();
        var plugins = parsed.GetRequiredValue(s_plugins).SelectMany(path => Read(loader, path, path)).ToList();
        foreach (var (name, path) in InstalledPlugins.Find(ConfigurationPath.PluginFolders(Environment.GetEnvironmentVariable, AppContext.BaseDirectory)))
        {
            try
            {
                plugins.AddRange(Read(loader, name, path));
            }
            catch (PluginException refusal)
            {
                // One bad plugin among those installed is no reason to have no schema.
                Console.Error.WriteLine($"dmaheap: left out: {refusal.Message}");
            }
        }

        Console.Out.WriteLine(ConfigurationSchema.Generate(plugins).ToJsonString(s_readable));
        return ExitCode.Success;
    }

    /// <exception cref="PluginException">It cannot be loaded, or its options cannot be described.</exception>
    static List<PluginOptions> Read(PluginLoader loader, string name, string path)
    {
        // Loaded until the process ends, which is soon: to ask whether it unloads would take longer than all the rest.
        var plugin = loader.Load(path, unloadable: false);
        var severalTypes = plugin.HeapTypes.Count > 1;
        List<PluginOptions> options = [.. plugin.HeapTypes.Select(type => new PluginOptions(name, severalTypes ? type.Name : null, type.OptionsType))];
        foreach (var each in options) PluginInspection.SchemaOf(each, plugin.Manifest.Path);
        return options;
    }
}

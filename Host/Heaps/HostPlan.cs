using System.Text.Json.Nodes;
using DmaHeap.Hosting.Configuration;
using DmaHeap.Linux;
using DmaHeap.Plugins;

namespace DmaHeap.Hosting.Heaps;

/// <summary>Turns what a host was told (a configuration file, plugin files, objects) into the heaps it is to start. Loads plugins; starts nothing.</summary>
internal static class HostPlan
{
    /// <exception cref="ConfigurationException">Everything that is wrong with the configuration, plugins and their options included.</exception>
    /// <exception cref="PluginException">A plugin file that is tried out is none.</exception>
    public static (IReadOnlyList<HeapDefinition> Heaps, HostLimits Limits) Make(DmaHeapHostOptions options, PluginSet plugins)
    {
        var heaps = new List<HeapDefinition>();
        var limits = options.Limits;
        if (options.ConfigurationPath is { } path)
        {
            var configuration = ConfigurationReader.Read(path).ValueOrThrow()!;
            heaps.AddRange(Configured(configuration, options.PluginFolders, plugins));
            limits = Merge(configuration.Limits, limits);
        }

        heaps.AddRange(options.PluginFiles.SelectMany(file => TriedOut(Path.GetFullPath(file), plugins)));
        heaps.AddRange(options.Heaps);
        return (heaps, limits);
    }

    private static List<HeapDefinition> Configured(HostConfiguration configuration, IReadOnlyList<string> pluginFolders, PluginSet plugins)
    {
        var errors = new ConfigurationErrors();
        var heaps = new List<HeapDefinition>();
        var folder = Path.GetDirectoryName(configuration.SourcePath)!;
        var locator = new PluginLocator(folder, pluginFolders.Prepend(folder));
        foreach (var heap in configuration.Heaps)
        {
            if (One(heap, locator, plugins, errors) is { } definition) heaps.Add(definition);
        }

        if (errors.Count > 0) throw new ConfigurationException(errors.InOrder());
        return heaps;
    }

    private static HeapDefinition? One(HeapConfiguration heap, PluginLocator locator, PluginSet plugins, ConfigurationErrors errors)
    {
        var access = AccessOf(heap, errors);
        try
        {
            var plugin = plugins.Load(locator.Locate(heap.Plugin));
            if (TypeOf(heap, plugin, errors) is not { } type) return null;
            var options = ConfigurationReader.BindOptions(heap, type.OptionsType);
            foreach (var error in options.Errors) errors.Add(error.Location, error.Path, error.Message);
            return Define(heap, access, type.Capabilities, context => plugin.CreateHeap(type, context, options.Value));
        }
        catch (PluginException refusal) when (!heap.Required)
        {
            return Define(heap, access, HeapCapabilities.None, _ => throw new HeapException(HeapErrno.NoDevice, HeapCause.Unavailable, refusal.Message));
        }
        catch (PluginException refusal)
        {
            errors.Add(heap.Entry.Value.Find("plugin")?.Value ?? heap.Entry.Value, refusal.Message);
            return null;
        }
    }

    private static HeapTypeInfo? TypeOf(HeapConfiguration heap, LoadedPlugin plugin, ConfigurationErrors errors)
    {
        var types = plugin.HeapTypes;
        if (heap.Type is null && types.Count == 1) return types[0];
        if (heap.Type is not null && types.FirstOrDefault(type => type.Name == heap.Type) is { } named) return named;
        var names = string.Join(", ", types.Select(type => $"\"{type.Name}\""));
        errors.Add(heap.Entry.Value.Find("type")?.Value ?? heap.Entry.Value, heap.Type is null
            ? $"{heap.Plugin} has several heap types: say which by \"type\": {names}"
            : $"{heap.Plugin} has no heap type \"{heap.Type}\"; it has {names}");
        return null;
    }

    private static AccessRule AccessOf(HeapConfiguration heap, ConfigurationErrors errors)
    {
        var accounts = new AccountFiles();
        var node = heap.Entry.Value.Find("access")?.Value;
        return new AccessRule(
            (int)heap.Access.Mode,
            Id(heap.Access.Owner, ProcessIdentity.EffectiveUserId, accounts.FindUser, "owner", "user", "/etc/passwd"),
            Id(heap.Access.Group, ProcessIdentity.GroupId, accounts.FindGroup, "group", "group", "/etc/group"));

        uint Id(string? text, uint ours, Func<string, uint?> find, string key, string what, string file)
        {
            if (text is null) return ours;
            if (uint.TryParse(text, out var number)) return number;
            if (find(text) is { } found) return found;
            errors.Add(node!.Find(key)!.Value, $"there is no {what} \"{text}\" in {file}; a number would do as well");
            return ours;
        }
    }

    private static HeapDefinition Define(HeapConfiguration heap, AccessRule access, HeapCapabilities capabilities, Func<IHeapContext, IHeap> create) => new()
    {
        Name = heap.Name,
        Aliases = heap.Aliases,
        Plugin = heap.Plugin,
        Capabilities = capabilities,
        Access = access,
        Limits = new HeapLimits
        {
            Total = heap.Limits.Total?.Bytes ?? long.MaxValue,
            LargestBuffer = heap.Limits.LargestBuffer?.Bytes ?? long.MaxValue,
            PerUser = heap.Limits.PerUser?.Bytes ?? long.MaxValue,
        },
        Commit = heap.Commit,
        Cached = heap.Cached,
        Required = heap.Required,
        Create = create,
    };

    // A plugin that is only tried out gets the configuration its author would write first, so that it goes the same way as any other.
    private static List<HeapDefinition> TriedOut(string file, PluginSet plugins)
    {
        var heaps = new JsonObject();
        foreach (var type in plugins.Load(file).HeapTypes)
        {
            heaps[type.Name.ToLowerInvariant()] = new JsonObject { ["plugin"] = file, ["type"] = type.Name };
        }

        var json = new JsonObject { ["version"] = 1, ["heaps"] = heaps }.ToJsonString();
        return Configured(ConfigurationReader.Parse(json, file).ValueOrThrow()!, [], plugins);
    }

    private static HostLimits Merge(LimitsConfiguration configured, HostLimits given) => new()
    {
        Total = configured.Total?.Bytes ?? given.Total,
        LargestBuffer = configured.LargestBuffer?.Bytes ?? given.LargestBuffer,
        PerUser = configured.PerUser?.Bytes ?? given.PerUser,
    };
}

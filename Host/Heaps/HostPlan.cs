using System.Text.Json.Nodes;
using DmaHeap.Hosting.Configuration;
using DmaHeap.Hosting.Server;
using DmaHeap.Hosting.Isolation;
using DmaHeap.Linux;
using DmaHeap.Plugins;

namespace DmaHeap.Hosting.Heaps;

/// <summary>What a host is to serve.</summary>
/// <param name="Heaps">In order; each has its own share in its plugin.</param>
/// <param name="Limits">Over all of them.</param>
/// <param name="DrainLimit">How long a heap that was replaced may drain; null for as long as it takes.</param>
/// <param name="MostSpin">For how long a worker looks for the next request before it sleeps; zero not to.</param>
/// <param name="Configuration">The file behind it; null for none.</param>
internal sealed record HostPlanned(IReadOnlyList<HeapDefinition> Heaps, HostLimits Limits, TimeSpan? DrainLimit, TimeSpan MostSpin, HostConfiguration? Configuration);

/// <summary>Turns what a host was told (a configuration file, plugin files, objects) into the heaps it is to start. Loads plugins; starts nothing.</summary>
internal static class HostPlan
{
    // A worker that does not answer in time is ended, which frees the thread that waits: only were that to fail would the thread have to be given up.
    private static readonly TimeSpan s_untilWorkerIsGone = TimeSpan.FromSeconds(10);

    /// <exception cref="ConfigurationException">Everything that is wrong with the configuration, plugins and their options included.</exception>
    /// <exception cref="PluginException">A plugin file that is tried out is none.</exception>
    public static HostPlanned Make(DmaHeapHostOptions options, PluginSet plugins)
    {
        var leases = new PluginLeases(plugins);
        try
        {
            return Make(options, leases);
        }
        catch
        {
            leases.ReturnAll();
            throw;
        }
    }

    /// <summary>A configured heap with another plugin behind it.</summary>
    /// <exception cref="ConfigurationException">Everything that is wrong with the options.</exception>
    /// <exception cref="PluginException">The plugin cannot stand in.</exception>
    public static HeapDefinition Swapped(HeapDefinition heap, HeapSwap swap, DmaHeapHostOptions options, PluginSet plugins)
    {
        var leases = new PluginLeases(plugins);
        var errors = new ConfigurationErrors();
        try
        {
            var swapped = Swapped(heap, swap, LocatorOf(options), leases, errors);
            return errors.Count == 0 ? swapped : throw new ConfigurationException(errors.InOrder());
        }
        catch
        {
            leases.ReturnAll();
            throw;
        }
    }

    /// <summary>A heap as it is, by the same words of the configuration, with its plugin's files as they are now.</summary>
    /// <exception cref="ConfigurationException">They are no such plugin any more.</exception>
    /// <exception cref="PluginException">Nor one that could stand in.</exception>
    public static HeapDefinition Again(HeapDefinition heap, DmaHeapHostOptions options, PluginSet plugins)
    {
        if (heap.Source is not { Configuration: { } configured } source) return heap.Again();
        if (source.Swap is { } swap) return Swapped(heap, swap, options, plugins);
        var leases = new PluginLeases(plugins);
        var errors = new ConfigurationErrors();
        try
        {
            var folder = options.ConfigurationPath is { } path ? Path.GetDirectoryName(Path.GetFullPath(path))! : Environment.CurrentDirectory;
            return One(configured, LocatorOf(configured, folder, options.PluginFolders), leases, errors) is { } again && errors.Count == 0 ? again : throw new ConfigurationException(errors.InOrder());
        }
        catch
        {
            leases.ReturnAll();
            throw;
        }
    }

    private static HostPlanned Make(DmaHeapHostOptions options, PluginLeases plugins)
    {
        var heaps = new List<HeapDefinition>();
        var limits = options.Limits;
        var drainLimit = options.DrainLimit;
        var spin = options.MostSpin;
        HostConfiguration? configuration = null;
        if (options.ConfigurationPath is { } path)
        {
            var read = ConfigurationReader.Read(path);
            if (!read.IsValid) throw AllThatIsWrong(path, read.Errors, options.PluginFolders, plugins);
            var swaps = HeapSwaps.Of(options.Swaps, read.Value!);
            heaps.AddRange(Configured(read.Value!, options.PluginFolders, plugins, swaps));
            limits = Merge(read.Value!.Limits, limits);
            drainLimit = read.Value!.DrainTimeout ?? drainLimit;
            spin = read.Value!.Server.Spin is { } text ? SpinText.Parse(text) : spin;
            configuration = read.Value!;
        }

        heaps.AddRange(options.PluginFiles.SelectMany(file => TriedOut(Path.GetFullPath(file), plugins)));
        heaps.AddRange(options.Heaps);
        return new HostPlanned(heaps, limits, drainLimit, spin ?? SpinRule.Auto, configuration);
    }

    private static PluginLocator LocatorOf(DmaHeapHostOptions options)
    {
        var folder = options.ConfigurationPath is { } path ? Path.GetDirectoryName(Path.GetFullPath(path))! : Environment.CurrentDirectory;
        return new PluginLocator(folder, options.PluginFolders.Prepend(folder));
    }

    // A path is relative to the file it stands in, which may be a drop-in.
    private static PluginLocator LocatorOf(HeapConfiguration heap, string folder, IReadOnlyList<string> pluginFolders) =>
        new(Path.GetDirectoryName(Path.GetFullPath(heap.Location.File))!, pluginFolders.Prepend(folder).Select(Path.GetFullPath));

    private static List<HeapDefinition> Configured(
        HostConfiguration configuration, IReadOnlyList<string> pluginFolders, PluginLeases plugins, HeapSwaps swaps)
    {
        var errors = new ConfigurationErrors();
        var heaps = Define(configuration.Heaps, configuration.SourcePath, pluginFolders, plugins, swaps, errors);
        if (errors.Count > 0) throw new ConfigurationException(errors.InOrder());
        return heaps;
    }

    // The file's own errors, and of the heaps that have none also what is wrong with their plugins and options.
    private static ConfigurationException AllThatIsWrong(
        string path, IReadOnlyList<ConfigurationError> inFile, IReadOnlyList<string> pluginFolders, PluginLeases plugins)
    {
        var errors = new ConfigurationErrors();
        foreach (var error in inFile) errors.Add(error.Location, error.Path, error.Message);
        if (File.Exists(path)) Define(ConfigurationReader.ReadWholeHeaps(path), Path.GetFullPath(path), pluginFolders, plugins, HeapSwaps.None, errors);
        return new ConfigurationException(errors.InOrder());
    }

    private static List<HeapDefinition> Define(
        IEnumerable<HeapConfiguration> configured, string sourcePath, IReadOnlyList<string> pluginFolders, PluginLeases plugins, HeapSwaps swaps, ConfigurationErrors errors)
    {
        var folder = Path.GetDirectoryName(sourcePath)!;
        var heaps = new List<HeapDefinition>();
        foreach (var heap in configured)
        {
            var locator = LocatorOf(heap, folder, pluginFolders);
            var definition = swaps.Find(heap) is { } swap ? Swapped(heap, swap, locator, plugins, errors) : One(heap, locator, plugins, errors);
            if (definition is not null) heaps.Add(definition);
        }

        return heaps;
    }

    private static HeapDefinition? One(HeapConfiguration heap, PluginLocator locator, PluginLeases plugins, ConfigurationErrors errors)
    {
        var access = AccessOf(heap, errors);
        try
        {
            var lease = plugins.Take(locator.Locate(heap.Plugin), heap.Trusted, heap.Unloadable);
            var plugin = lease.Plugin;
            if (TypeOf(heap, plugin, errors) is not { } type) return null;
            PageTerms.Check(heap, type, errors);
            if (heap.Isolation == HeapIsolation.Process) return Isolated(heap, access, lease, type, errors);
            var options = ConfigurationReader.BindOptions(heap, type.OptionsType);
            foreach (var error in options.Errors) errors.Add(error.Location, error.Path, error.Message);
            return Define(heap, access, type.Capabilities, context => plugin.CreateHeap(type, context, options.Value)) with { Source = new HeapSource(heap, lease) };
        }
        catch (PluginException refusal) when (!heap.Required)
        {
            return Define(heap, access, HeapCapabilities.None, _ => throw new HeapException(HeapErrno.NoDevice, HeapCause.Unavailable, refusal.Message));
        }
        catch (PluginException refusal)
        {
            var key = refusal.Refusal == PluginRefusal.WrongHash ? "sha256" : "plugin";
            errors.Add(heap.Entry.Value.Find(key)?.Value ?? heap.Entry.Value, refusal.Message);
            return null;
        }
    }

    // Nothing of the plugin runs in the host: its options are checked by their metadata alone, and what only their class knows refuses the start in the worker.
    private static HeapDefinition Isolated(HeapConfiguration heap, AccessRule access, PluginLease lease, HeapTypeInfo type, ConfigurationErrors errors)
    {
        ConfigurationReader.CheckOptions(heap, type.OptionsType, errors);
        return Define(heap, access, type.Capabilities, InWorker(heap, heap.Plugin, lease, type, heap.Options?.ToJson())) with
        {
            OpTimeout = heap.OpTimeout + s_untilWorkerIsGone,
            Source = new HeapSource(heap, lease),
        };
    }

    private static Func<IHeapContext, IHeap> InWorker(HeapConfiguration heap, string name, PluginLease lease, HeapTypeInfo type, string? options)
    {
        var plugin = new IsolatedPlugin(lease.Plugin.CopyMainAssembly, name, type.Name, options, heap.OpTimeout, type.Capabilities.HasFlag(HeapCapabilities.FixedCapacity));
        return context => new IsolatedHeap(plugin, context);
    }

    private static HeapDefinition Swapped(HeapConfiguration heap, HeapSwap swap, PluginLocator locator, PluginLeases plugins, ConfigurationErrors errors)
    {
        var configured = Define(heap, AccessOf(heap, errors), HeapCapabilities.None, _ => throw new InvalidOperationException("Another heap stands in."));
        return Swapped(configured with { Source = new HeapSource(heap, null) }, swap, locator, plugins, errors);
    }

    // The heap as it is configured, but for what is behind it; it is wanted, so that it is no longer optional. What is not to run in the host is not let in by another name either.
    private static HeapDefinition Swapped(HeapDefinition heap, HeapSwap swap, PluginLocator locator, PluginLeases plugins, ConfigurationErrors errors)
    {
        var lease = plugins.Take(locator.Locate(swap.Plugin));
        var plugin = lease.Plugin;
        var type = HeapSwaps.TypeOf(swap, plugin);
        var swapped = heap with { Plugin = swap.Plugin, Capabilities = type.Capabilities, Required = true, Source = new HeapSource(heap.Source?.Configuration, lease, swap) };
        if (heap.Source?.Configuration is { Isolation: HeapIsolation.Process } configured)
        {
            HeapSwaps.Check(swap, type, errors);
            return swapped with { OpTimeout = configured.OpTimeout + s_untilWorkerIsGone, Create = InWorker(configured, swap.Plugin, lease, type, swap.Options?.ToJson()) };
        }

        var options = HeapSwaps.Bind(swap, type, errors);
        return swapped with { Create = context => plugin.CreateHeap(type, context, options) };
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
        Pages = heap.Pages,
        Pool = heap.Pool,
        Recycle = heap.Recycle,
        Cached = heap.Cached,
        OpTimeout = heap.OpTimeout,
        Faults = heap.Faults,
        Required = heap.Required,
        Create = create,
    };

    // A plugin that is only tried out gets the configuration its author would write first, so that it goes the same way as any other.
    private static List<HeapDefinition> TriedOut(string file, PluginLeases plugins)
    {
        var heaps = new JsonObject();
        foreach (var type in plugins.Take(file).Plugin.HeapTypes)
        {
            heaps[type.Name.ToLowerInvariant()] = new JsonObject { ["plugin"] = file, ["type"] = type.Name };
        }

        var json = new JsonObject { ["version"] = 1, ["heaps"] = heaps }.ToJsonString();
        return Configured(ConfigurationReader.Parse(json, file).ValueOrThrow()!, [], plugins, HeapSwaps.None);
    }

    private static HostLimits Merge(LimitsConfiguration configured, HostLimits given) => new()
    {
        Total = configured.Total?.Bytes ?? given.Total,
        LargestBuffer = configured.LargestBuffer?.Bytes ?? given.LargestBuffer,
        PerUser = configured.PerUser?.Bytes ?? given.PerUser,
    };
}

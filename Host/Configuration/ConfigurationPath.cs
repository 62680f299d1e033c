namespace DmaHeap.Hosting.Configuration;

/// <summary>
/// Where a host's configuration and its plugins are, by one rule for every program that starts a host; where its socket is says <see cref="Protocol.SocketPath"/>.
/// The configuration is the first of these that exists:
/// <list type="number">
/// <item><c>$DMAHEAP_CONFIG</c>, when set: that and no other;</item>
/// <item>for an ordinary user <c>$XDG_CONFIG_HOME/dmaheap/plugins.json</c>, or where that variable is not set <c>~/.config/dmaheap/plugins.json</c>;</item>
/// <item><c>/etc/dmaheap/plugins.json</c>, the system's;</item>
/// <item><c>plugins.json</c> beside the program.</item>
/// </list>
/// Plugins named without a path are looked for in the configuration's folder, the folders of <c>$DMAHEAP_PLUGINS</c> (separated by colons), <c>plugins</c> beside
/// the program, and <c>/usr/lib/dmaheap/plugins</c>.
/// </summary>
public static class ConfigurationPath
{
    /// <summary>The variable that overrides where the configuration is looked for.</summary>
    public const string Variable = "DMAHEAP_CONFIG";

    /// <summary>The variable that adds folders to look for plugins in.</summary>
    public const string PluginsVariable = "DMAHEAP_PLUGINS";

    /// <summary>The system's configuration.</summary>
    public const string System = "/etc/dmaheap/plugins.json";

    /// <summary>The system's plugins.</summary>
    public const string SystemPlugins = "/usr/lib/dmaheap/plugins";

    private const string FileName = "plugins.json";

    /// <summary>Where a host looks that was told nothing else, in order. The first that exists is the one.</summary>
    /// <param name="environment">Reads an environment variable; null or empty when it is not set.</param>
    /// <param name="userId">Effective user id.</param>
    /// <param name="programFolder">The folder of the program.</param>
    public static IReadOnlyList<string> Candidates(Func<string, string?> environment, uint userId, string programFolder)
    {
        ArgumentNullException.ThrowIfNull(environment);
        ArgumentNullException.ThrowIfNull(programFolder);
        if (environment(Variable) is { Length: > 0 } path) return [path];
        var shipped = Path.Combine(programFolder, FileName);
        return userId != 0 && UserFolder(environment) is { } folder ? [Path.Combine(folder, "dmaheap", FileName), System, shipped] : [System, shipped];
    }

    /// <summary>The folders in which plugins named without a path are looked for after the configuration's own, in order; absolute, whether they exist or not.</summary>
    /// <param name="environment">Reads an environment variable; null or empty when it is not set.</param>
    /// <param name="programFolder">The folder of the program.</param>
    public static IReadOnlyList<string> PluginFolders(Func<string, string?> environment, string programFolder)
    {
        ArgumentNullException.ThrowIfNull(environment);
        ArgumentNullException.ThrowIfNull(programFolder);
        var folders = new List<string>();
        folders.AddRange((environment(PluginsVariable) ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries));
        folders.Add(Path.Combine(programFolder, "plugins"));
        folders.Add(SystemPlugins);
        return [.. folders.Select(Path.GetFullPath)];
    }

    private static string? UserFolder(Func<string, string?> environment)
    {
        if (environment("XDG_CONFIG_HOME") is { Length: > 0 } configured) return configured;
        return environment("HOME") is { Length: > 0 } home ? Path.Combine(home, ".config") : null;
    }
}

namespace DmaHeap.Plugins;

/// <summary>Finds the file behind what the configuration's <c>"plugin"</c> says.</summary>
/// <remarks>Thread safe; looks at the file system anew each time.</remarks>
public sealed class PluginLocator
{
    readonly string _configurationFolder;
    readonly string[] _searchFolders;

    /// <summary>Creates a locator.</summary>
    /// <param name="configurationFolder">What relative paths are relative to: the folder of the configuration file.</param>
    /// <param name="searchFolders">Where plain names are looked for, first match first. Relative ones are relative to the configuration's folder.</param>
    public PluginLocator(string configurationFolder, IEnumerable<string> searchFolders)
    {
        ArgumentNullException.ThrowIfNull(configurationFolder);
        ArgumentNullException.ThrowIfNull(searchFolders);
        _configurationFolder = Path.GetFullPath(configurationFolder);
        _searchFolders = [.. searchFolders.Select(folder => Path.GetFullPath(folder, _configurationFolder)).Distinct()];
    }

    /// <summary>Finds a plugin.</summary>
    /// <param name="plugin">
    /// A name (<c>SystemHeap</c>): in each search folder <c>SystemHeap/SystemHeap.dll</c>, then <c>SystemHeap.dll</c>.
    /// Or a path: anything with a <c>/</c> in it or ending in <c>.dll</c>.
    /// </param>
    /// <returns>Full path of an existing file.</returns>
    /// <exception cref="PluginException"><see cref="PluginRefusal.NotFound"/>, with every place that was looked at.</exception>
    public string Locate(string plugin)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(plugin);
        string[] candidates = [.. Candidates(plugin)];
        foreach (string candidate in candidates)
        {
            if (File.Exists(candidate))
                return candidate;
        }
        throw new PluginException(
            PluginRefusal.NotFound,
            candidates.Length == 0
                ? $"Plugin '{plugin}' is not found: it is a plain name and there are no folders to search. Give a path."
                : $"Plugin '{plugin}' is not found. Looked at: {string.Join(", ", candidates)}.");
    }

    IEnumerable<string> Candidates(string plugin)
    {
        if (plugin.Contains('/') || plugin.EndsWith(".dll", StringComparison.Ordinal))
        {
            yield return Path.GetFullPath(plugin, _configurationFolder);
            yield break;
        }
        foreach (string folder in _searchFolders)
        {
            yield return Path.Combine(folder, plugin, plugin + ".dll");
            yield return Path.Combine(folder, plugin + ".dll");
        }
    }
}

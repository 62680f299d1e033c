using DmaHeap.Plugins;

namespace DmaHeap.Hosting.Configuration;

/// <summary>The plugins that a configuration could name without a path: those in the folders that are searched, as <see cref="PluginLocator"/> finds them.</summary>
public static class InstalledPlugins
{
    /// <summary>Finds them.</summary>
    /// <param name="folders">Folders to search, first match first; those that do not exist are passed over.</param>
    /// <returns>Path by name, in the order of the names. Of files that lie in a folder itself only those that declare a heap.</returns>
    public static IReadOnlyList<(string Name, string Path)> Find(IEnumerable<string> folders)
    {
        ArgumentNullException.ThrowIfNull(folders);
        var found = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var folder in folders.Where(Directory.Exists))
        {
            foreach (var own in Directory.EnumerateDirectories(folder))
            {
                var name = Path.GetFileName(own);
                if (Path.Combine(own, name + ".dll") is var path && File.Exists(path)) found.TryAdd(name, path);
            }

            // A folder that is a plugin's own has its libraries, too.
            foreach (var path in Directory.EnumerateFiles(folder, "*.dll").Where(DeclaresHeap)) found.TryAdd(Path.GetFileNameWithoutExtension(path), path);
        }

        return [.. found.Select(plugin => (plugin.Key, plugin.Value))];
    }

    private static bool DeclaresHeap(string path)
    {
        try
        {
            return PluginInspector.Inspect(path).HeapTypes.Count > 0;
        }
        catch (PluginException)
        {
            return false;
        }
    }
}

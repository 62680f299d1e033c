using System.Reflection;
using System.Reflection.Metadata;

namespace DmaHeap.Plugins.Inspection;

/// <summary>The references of a plugin and of every assembly of its folder that they lead to.</summary>
static class ReferenceClosure
{
    /// <param name="main">The plugin's main assembly.</param>
    /// <param name="mainName">Its simple name.</param>
    /// <param name="folder">Its folder.</param>
    /// <param name="shownFolder">What to call the folder in messages.</param>
    public static IReadOnlyList<PluginReference> Read(MetadataReader main, string mainName, PluginFolder folder, string shownFolder)
    {
        var found = new List<PluginReference>();
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase) { mainName };
        var pending = new Queue<(string Name, string Path)>();
        Add(main, mainName);
        while (pending.TryDequeue(out (string Name, string Path) next))
        {
            string shown = Path.Combine(shownFolder, folder.Shown(next.Path));
            try
            {
                using AssemblyImage image = AssemblyImage.Open(File.ReadAllBytes(next.Path), shown);
                Add(image.Metadata, next.Name);
            }
            catch (Exception damaged) when (damaged is not PluginException and not OutOfMemoryException)
            {
                throw AssemblyImage.Damaged(shown, damaged);
            }
        }
        return found;

        void Add(MetadataReader metadata, string owner)
        {
            foreach (AssemblyReferenceHandle handle in metadata.AssemblyReferences)
            {
                AssemblyName name = metadata.GetAssemblyReference(handle).GetAssemblyName();
                (PluginReferenceKind kind, string? path) = AssemblyRules.Decide(name, folder);
                found.Add(new PluginReference(name.Name!, name.Version ?? new Version(0, 0), kind, owner)
                {
                    File = path is null ? null : folder.Shown(path),
                    FileVersion = path is null ? null : VersionOf(path),
                });
                if (path is not null && seen.Add(name.Name!))
                    pending.Enqueue((name.Name!, path));
            }
        }
    }

    // A file that is no assembly is told of when it is read in turn.
    static Version? VersionOf(string path)
    {
        try
        {
            return AssemblyName.GetAssemblyName(path).Version;
        }
        catch (BadImageFormatException)
        {
            return null;
        }
    }
}

using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Vendors;

/// <summary>A clone as it was just made: the sources of this one, with nothing built. What is built in it touches nothing of this one.</summary>
static class FreshClone
{
    static readonly string[] s_notOfTheSources = ["artifacts", "TestResults", "bin", "obj"];

    /// <summary>Makes one in a folder that is not there yet.</summary>
    public static void Make(string folder) => Copy(new DirectoryInfo(Repository.Root), folder);

    // Names that begin with a dot are sources, too: templates/plugin/.template.config.
    static void Copy(DirectoryInfo source, string target)
    {
        Directory.CreateDirectory(target);
        foreach (var entry in source.EnumerateFileSystemInfos())
        {
            var copy = Path.Combine(target, entry.Name);
            if (entry.Name is ".git" || s_notOfTheSources.Contains(entry.Name)) continue;
            if (entry.LinkTarget is { } link) File.CreateSymbolicLink(copy, link);
            else if (entry is DirectoryInfo folder) Copy(folder, copy);
            else File.Copy(entry.FullName, copy);
        }
    }
}

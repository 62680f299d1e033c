using DmaHeap.Linux;

namespace DmaHeap.Hosting.Configuration;

/// <summary>
/// The files that add heaps to a configuration, so that a package brings one without editing what is not its own: <c>*.json</c> in the folder <c>plugins.d</c> beside it, in the
/// order of their names, byte by byte. Names that begin with a dot, other endings and folders are passed over.
/// </summary>
internal static class DropIns
{
    private const string FolderName = "plugins.d";

    /// <summary>Where they are, whether it exists or not.</summary>
    public static string FolderOf(string configuration) => Path.Combine(Path.GetDirectoryName(Path.GetFullPath(configuration)) ?? "/", FolderName);

    /// <summary>The roots of the files that are JSON; why another cannot be used is among the errors.</summary>
    public static List<JsonTreeNode> Read(string configuration, ConfigurationErrors errors)
    {
        var roots = new List<JsonTreeNode>();
        foreach (var file in Find(FolderOf(configuration), errors))
        {
            if (IsPipe(file)) errors.Add(new SourceLocation(file, 0, 0), "", "cannot be read: it is no regular file");
            else if (JsonFile.Read(file, errors) is { } root) roots.Add(root);
        }

        return roots;
    }

    // Somebody names the configuration, and may well name a pipe; here it is whatever lies in a folder, and opening a pipe could wait for ever.
    private static bool IsPipe(string file)
    {
        if (PathDescriptor.TryOpen(file, out var place) != Errno.None) return false;
        using (place) return !FileStatus.Of(place).IsRegular;
    }

    private static string[] Find(string folder, ConfigurationErrors errors)
    {
        try
        {
            return [.. Directory.EnumerateFiles(folder, "*.json").Where(file => Path.GetFileName(file)[0] != '.').Order(StringComparer.Ordinal)];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            errors.Add(new SourceLocation(folder, 0, 0), "", $"cannot be read: {JsonPath.Clip(e.Message, longest: 300)}");
            return [];
        }
    }
}

using System.Security.Cryptography;
using System.Text;

namespace DmaHeap.Plugins.Copies;

/// <summary>A file or folder of a plugin.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Relative">Its path within the plugin's folder.</param>
/// <param name="IsFolder">Whether it is a folder; it comes before what is in it.</param>
/// <param name="Length">Of a file, what a link leads to; 0 may also be a pipe or a socket someone left there: opening one could wait for ever.</param>
readonly record struct PluginFile(string Path, string Relative, bool IsFolder, long Length);

/// <summary>What belongs to a plugin: all that lies in its folder, in an order that depends on names alone.</summary>
static class PluginFiles
{
    const int MostLevels = 16; // a link to a folder above would never end

    /// <summary>Walks a folder; dangling links are passed over.</summary>
    /// <exception cref="PluginException">It has more than is taken.</exception>
    public static IEnumerable<PluginFile> In(string folder, PluginLoaderOptions limits) => Walk(new DirectoryInfo(folder), "", new Budget(folder, limits), MostLevels);

    /// <summary>A hash over all names and bytes in a folder, in lower case hexadecimal.</summary>
    /// <exception cref="PluginException">It has more than is taken, or cannot be read.</exception>
    public static string Hash(string folder, PluginLoaderOptions limits)
    {
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach (PluginFile file in In(folder, limits))
            {
                hash.AppendData(Encoding.UTF8.GetBytes(file.Relative));
                hash.AppendData([0, file.IsFolder ? (byte)1 : (byte)0]);
                if (!file.IsFolder)
                    hash.AppendData(HashOf(file));
            }
            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new PluginException(PluginRefusal.LoadFailed, $"Plugin folder {folder} cannot be read: {failure.Message}", failure);
        }
    }

    /// <summary>SHA-256 of each file in a folder, in lower case hexadecimal, by its path within it, in the order of names.</summary>
    /// <exception cref="PluginException">It has more than is taken, or cannot be read.</exception>
    public static IReadOnlyDictionary<string, string> HashEach(string folder, PluginLoaderOptions limits)
    {
        try
        {
            return new OrderedDictionary<string, string>(In(folder, limits).Where(file => !file.IsFolder).Select(file => KeyValuePair.Create(file.Relative, Convert.ToHexStringLower(HashOf(file)))), StringComparer.Ordinal);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new PluginException(PluginRefusal.LoadFailed, $"Plugin folder {folder} cannot be read: {failure.Message}", failure);
        }
    }

    static byte[] HashOf(PluginFile file)
    {
        if (file.Length == 0)
            return SHA256.HashData([]);
        using FileStream stream = File.OpenRead(file.Path);
        return SHA256.HashData(stream);
    }

    static IEnumerable<PluginFile> Walk(DirectoryInfo folder, string relative, Budget left, int levels)
    {
        foreach (FileSystemInfo entry in folder.EnumerateFileSystemInfos().OrderBy(entry => entry.Name, StringComparer.Ordinal))
        {
            string name = Path.Combine(relative, entry.Name);
            if (entry is DirectoryInfo inner)
            {
                left.Spend(0, levels);
                yield return new PluginFile(entry.FullName, name, IsFolder: true, Length: 0);
                foreach (PluginFile file in Walk(inner, name, left, levels - 1))
                    yield return file;
            }
            else if (entry.ResolveLinkTarget(returnFinalTarget: true) is { Exists: false })
            {
                left.Spend(0, levels);
            }
            else
            {
                long length = ((FileInfo)(entry.ResolveLinkTarget(returnFinalTarget: true) ?? entry)).Length;
                left.Spend(length, levels);
                yield return new PluginFile(entry.FullName, name, IsFolder: false, length);
            }
        }
    }

    sealed class Budget(string source, PluginLoaderOptions limits)
    {
        long _bytes = limits.MaxFolderBytes;
        int _entries = limits.MaxFolderEntries;

        public void Spend(long bytes, int levels)
        {
            _bytes -= bytes;
            _entries--;
            if (_bytes >= 0 && _entries >= 0 && levels > 0)
                return;
            throw new PluginException(
                PluginRefusal.FolderTooLarge,
                $"Plugin folder {source} is more than the {limits.MaxFolderBytes >> 20} MiB, {limits.MaxFolderEntries} files and {MostLevels} levels a plugin is copied with. "
                + "All that lies beside a plugin's .dll belongs to it: give it a folder of its own.");
        }
    }
}

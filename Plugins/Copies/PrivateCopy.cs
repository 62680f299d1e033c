namespace DmaHeap.Plugins.Copies;

/// <summary>
/// A plugin's folder as it was at one moment. Loaded assemblies are mapped into memory: were the original overwritten in place,
/// the process would die of SIGBUS.
/// </summary>
sealed class PrivateCopy
{
    const int MostLevels = 16; // a link to a folder above would never end

    readonly CopyRoot _root;

    PrivateCopy(CopyRoot root, string folder, string mainAssembly)
    {
        _root = root;
        Folder = folder;
        MainAssembly = mainAssembly;
    }

    public string Folder { get; }

    public string MainAssembly { get; }

    /// <param name="mainAssembly">The folder it is in, with all beneath, is copied.</param>
    /// <param name="root">Where to.</param>
    /// <param name="limits">How much at most.</param>
    public static PrivateCopy Make(string mainAssembly, CopyRoot root, PluginLoaderOptions limits)
    {
        string source = Path.GetDirectoryName(mainAssembly)!;
        string folder = root.Create();
        try
        {
            var left = new Budget(source, limits);
            CopyFolder(new DirectoryInfo(source), folder, left, MostLevels);
            return new PrivateCopy(root, folder, Path.Combine(folder, Path.GetFileName(mainAssembly)));
        }
        catch (Exception failure)
        {
            root.Delete(folder);
            if (failure is not (IOException or UnauthorizedAccessException))
                throw;
            throw new PluginException(PluginRefusal.LoadFailed, $"Plugin folder {source} cannot be copied to {folder}: {failure.Message}", failure);
        }
    }

    public void Delete() => _root.Delete(Folder);

    static void CopyFolder(DirectoryInfo source, string target, Budget left, int levels)
    {
        foreach (FileSystemInfo entry in source.EnumerateFileSystemInfos())
        {
            string copy = Path.Combine(target, entry.Name);
            if (entry is DirectoryInfo folder)
            {
                left.Spend(0, levels);
                Directory.CreateDirectory(copy, CopyRoot.OwnerOnly);
                CopyFolder(folder, copy, left, levels - 1);
            }
            else if (entry.ResolveLinkTarget(returnFinalTarget: true) is { Exists: false })
            {
                left.Spend(0, levels); // a dangling link: nothing there to copy
            }
            else
            {
                long length = ((FileInfo)(entry.ResolveLinkTarget(returnFinalTarget: true) ?? entry)).Length;
                left.Spend(length, levels);
                // Length 0 may also be a pipe or a socket someone left there; opening one could wait for ever.
                if (length == 0)
                    File.Create(copy).Dispose();
                else
                    File.Copy(entry.FullName, copy);
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

namespace DmaHeap.Plugins.Copies;

/// <summary>
/// A plugin's folder as it was at one moment. Loaded assemblies are mapped into memory: were the original overwritten in place,
/// the process would die of SIGBUS.
/// </summary>
sealed class PrivateCopy
{
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
            foreach (PluginFile file in PluginFiles.In(source, limits))
                Copy(file, Path.Combine(folder, file.Relative));
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

    static void Copy(PluginFile file, string target)
    {
        if (file.IsFolder)
            Directory.CreateDirectory(target, CopyRoot.OwnerOnly);
        else if (file.Length == 0)
            File.Create(target).Dispose();
        else
            File.Copy(file.Path, target);
    }
}

namespace DmaHeap.Plugins.Copies;

/// <summary>The folder private copies are made in, each in a folder named after this process, so that the next one can tell leftovers.</summary>
sealed class CopyRoot : IDisposable
{
    public const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    const UnixFileMode WritableForOthers = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    readonly Lock _lock = new();
    readonly HashSet<string> _copies = [];
    readonly string _path;

    CopyRoot(string path) => _path = path;

    public static CopyRoot Open(string? path)
    {
        path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path ?? Path.Combine(Path.GetTempPath(), $"dmaheap-plugins-{ProcessIdentity.UserId}")));
        try
        {
            Directory.CreateDirectory(path, OwnerOnly);
            RefuseForeign(path);
            var root = new CopyRoot(path);
            root.DeleteLeftovers();
            return root;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new PluginException(PluginRefusal.LoadFailed, $"The folder for plugin copies {path} cannot be used: {failure.Message}", failure);
        }
    }

    public string Create()
    {
        string copy = Path.Combine(_path, $"{ProcessIdentity.Current}-{Guid.NewGuid():N}");
        lock (_lock)
            _copies.Add(copy);
        try
        {
            Directory.CreateDirectory(copy, OwnerOnly);
            return copy;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new PluginException(PluginRefusal.LoadFailed, $"No plugin copy can be made in {_path}: {failure.Message}", failure);
        }
    }

    public void Delete(string copy)
    {
        lock (_lock)
        {
            if (!_copies.Remove(copy))
                return;
        }
        TryDelete(copy);
    }

    public void Dispose()
    {
        string[] copies;
        lock (_lock)
        {
            copies = [.. _copies];
            _copies.Clear();
        }
        foreach (string copy in copies)
            TryDelete(copy);
    }

    /// <summary>In a temporary folder anyone may have made ours first, and would then own the code we run.</summary>
    static void RefuseForeign(string path)
    {
        (int owner, bool isFolder) = FileOwner.Of(path);
        if (!isFolder || owner != ProcessIdentity.UserId || (File.GetUnixFileMode(path) & WritableForOthers) != 0)
        {
            throw new PluginException(
                PluginRefusal.LoadFailed,
                $"The folder for plugin copies {path} is not a folder that user {ProcessIdentity.UserId} owns and nobody else can write to. Remove it or configure another.");
        }
    }

    void DeleteLeftovers()
    {
        foreach (string copy in Directory.EnumerateDirectories(_path))
        {
            if (ProcessIdentity.IsDead(Path.GetFileName(copy)))
                TryDelete(copy);
        }
    }

    static void TryDelete(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Another process swept at the same time, or it goes with the next sweep. No reason to fail a load or an unload.
        }
    }
}

namespace DmaHeap.Plugins.Copies;

/// <summary>The folder private copies are made in, each in a folder named after this process, so that the next one can tell leftovers.</summary>
sealed class CopyRoot : IDisposable
{
    public const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    const UnixFileMode WritableForOthers = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    readonly Lock _lock = new();
    readonly HashSet<string> _copies = [];
    readonly string _path;
    readonly bool _isOursAlone;

    CopyRoot(string path, bool isOursAlone) => (_path, _isOursAlone) = (path, isOursAlone);

    public static CopyRoot Open(string? path) => path is null ? OpenTemporary() : OpenAt(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));

    /// <summary>Where anybody may have made a folder of our name before us: then ours is one of a name that nobody could know, and goes with this process.</summary>
    static CopyRoot OpenTemporary()
    {
        string shared = Path.Combine(Path.GetTempPath(), $"dmaheap-plugins-{ProcessIdentity.UserId}");
        if (!Path.Exists(shared) || IsOurs(shared))
            return OpenAt(shared);
        return new CopyRoot(Directory.CreateTempSubdirectory("dmaheap-plugins-").FullName, isOursAlone: true);
    }

    static CopyRoot OpenAt(string path)
    {
        try
        {
            Directory.CreateDirectory(path, OwnerOnly);
            RefuseForeign(path);
            var root = new CopyRoot(path, isOursAlone: false);
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
        if (_isOursAlone)
            TryDelete(_path);
    }

    /// <summary>In a temporary folder anyone may have made ours first, and would then own the code we run.</summary>
    static void RefuseForeign(string path)
    {
        if (!IsOurs(path))
        {
            throw new PluginException(
                PluginRefusal.LoadFailed,
                $"The folder for plugin copies {path} is not a folder that user {ProcessIdentity.UserId} owns and nobody else can write to. Remove it or configure another.");
        }
    }

    static bool IsOurs(string path)
    {
        (int owner, bool isFolder) = FileOwner.Of(path);
        return isFolder && owner == ProcessIdentity.UserId && (File.GetUnixFileMode(path) & WritableForOthers) == 0;
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

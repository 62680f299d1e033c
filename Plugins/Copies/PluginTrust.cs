namespace DmaHeap.Plugins.Copies;

/// <summary>A host that is root's does not run what anybody could have written.</summary>
static class PluginTrust
{
    /// <exception cref="PluginException">We are root, and others can write to the folder, to something in it, or exchange it.</exception>
    public static void ThrowIfWritableForOthers(string mainAssembly, PluginLoaderOptions limits)
    {
        if (ProcessIdentity.UserId != 0)
            return;
        string folder = Path.GetDirectoryName(Path.GetFullPath(mainAssembly))!;
        if (IsWritable(folder))
            throw Refuse(folder);
        // Where a sticky bit is, as on /tmp, others cannot exchange what is not theirs.
        for (string? above = Path.GetDirectoryName(folder); above is not null; above = Path.GetDirectoryName(above))
        {
            if (IsWritable(above) && (File.GetUnixFileMode(above) & UnixFileMode.StickyBit) == 0)
                throw Refuse(above);
        }
        foreach (PluginFile file in PluginFiles.In(folder, limits))
        {
            if (IsWritable(file.Path))
                throw Refuse(file.Path);
        }

        PluginException Refuse(string path) => new(
            PluginRefusal.WritableForOthers,
            $"Plugin file {mainAssembly} is refused, as this host runs as root and everybody can write to {path}: take that right away (chmod o-w).");
    }

    static bool IsWritable(string path) => (File.GetUnixFileMode(path) & UnixFileMode.OtherWrite) != 0;
}

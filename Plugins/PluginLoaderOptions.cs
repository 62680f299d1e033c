namespace DmaHeap.Plugins;

/// <summary>How a <see cref="PluginLoader"/> works.</summary>
public sealed record PluginLoaderOptions
{
    /// <summary>
    /// Folder for the private copies, created with mode 0700 when missing; it must be this user's own, writable for nobody else, on a file system
    /// without <c>noexec</c> if plugins bring native libraries. Several processes may share it. Null for <c>dmaheap-plugins-UID</c> in the
    /// temporary folder, or, when somebody else has taken that name, a folder of this process alone.
    /// </summary>
    public string? CopyRoot { get; init; }

    /// <summary>Largest plugin folder to copy, in bytes. Default: 512 MiB.</summary>
    public long MaxFolderBytes { get; init; } = 512L << 20;

    /// <summary>Most files and folders in a plugin's folder. Default: 10,000.</summary>
    public int MaxFolderEntries { get; init; } = 10_000;
}

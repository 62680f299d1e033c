using DmaHeap.Plugins.Copies;
using DmaHeap.Plugins.Loading;

namespace DmaHeap.Plugins;

/// <summary>
/// Loads plugins, each from a private copy of its folder into a load context of its own. Loading a plugin twice gives two that share nothing,
/// so a new version can run beside the old one until that is drained.
/// </summary>
/// <remarks>Thread safe. The copies are the loader's: those of processes that died are deleted when one is created.</remarks>
public sealed class PluginLoader : IDisposable
{
    readonly PluginLoaderOptions _options;
    readonly CopyRoot _root;

    /// <summary>Creates a loader and deletes what dead processes left in its folder for copies.</summary>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="PluginException">The folder for copies cannot be made, or others can write to it.</exception>
    public PluginLoader(PluginLoaderOptions? options = null)
    {
        _options = options ?? new PluginLoaderOptions();
        _root = CopyRoot.Open(_options.CopyRoot);
    }

    /// <summary>Inspects and loads a plugin.</summary>
    /// <param name="path">Path of its main assembly; its whole folder belongs to it and is copied.</param>
    /// <param name="unloadable">
    /// Whether it can be unloaded again. Code that can is compiled once, fully optimised, but without tiering, profile guidance and ReadyToRun;
    /// false keeps these and leaves the plugin in memory until the process ends.
    /// </param>
    /// <param name="expected">What it must be; null to take what is there.</param>
    /// <returns>The plugin; dispose it to unload.</returns>
    /// <exception cref="PluginException">It is refused. Nothing of it remains.</exception>
    public LoadedPlugin Load(string path, bool unloadable = true, ExpectedPlugin? expected = null) => Load(PluginInspector.Inspect(path), unloadable, expected);

    /// <summary>What a plugin is: a hash over the names and bytes of all that lies in its folder. Another one is another plugin, whatever its files' times say.</summary>
    /// <param name="path">Path of its main assembly.</param>
    /// <returns>SHA-256 in lower case hexadecimal.</returns>
    /// <exception cref="PluginException">The folder cannot be read, or has more than is copied.</exception>
    public string ContentOf(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return PluginFiles.Hash(Path.GetDirectoryName(Path.GetFullPath(path))!, _options);
    }

    /// <summary>Loads an inspected plugin.</summary>
    /// <param name="manifest">From <see cref="PluginInspector.Inspect(string)"/>. The copy must still have the same main assembly, by hash.</param>
    /// <param name="unloadable">Whether it can be unloaded again.</param>
    /// <param name="expected">What it must be; null to take what is there.</param>
    /// <returns>The plugin; dispose it to unload.</returns>
    /// <exception cref="PluginException">It is refused. Nothing of it remains.</exception>
    public LoadedPlugin Load(PluginManifest manifest, bool unloadable = true, ExpectedPlugin? expected = null)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        manifest.ThrowIfRefused();
        PluginTrust.ThrowIfWritableForOthers(manifest.Path, _options);
        PrivateCopy copy = PrivateCopy.Make(manifest.Path, _root, _options);
        try
        {
            // What was inspected a moment ago proves nothing about the bytes now loaded: ask the copy, which nobody else can change.
            PluginManifest copied = PluginInspector.Inspect(copy.MainAssembly, manifest.Path);
            if (copied.Sha256 != manifest.Sha256 || (expected?.Content is { } content && PluginFiles.Hash(copy.Folder, _options) != content))
            {
                throw new PluginException(
                    PluginRefusal.Changed,
                    $"Plugin '{manifest.Name}' ({manifest.Path}) was changed while it was being loaded. Load it again.");
            }
            expected?.ThrowIfNot(copied);
            expected?.ThrowIfOtherFiles(copied, copy.Folder, _options);
            copied.ThrowIfRefused();
            return PluginActivation.Load(copied, copy, unloadable);
        }
        catch
        {
            copy.Delete();
            throw;
        }
    }

    /// <summary>Throws when a plugin that was loaded before is not what is expected of it now. Its private copy is asked, file by file where that is wanted; not <see cref="ExpectedPlugin.Content"/>.</summary>
    /// <param name="plugin">A plugin of this loader, not unloaded.</param>
    /// <param name="expected">What it must be.</param>
    /// <exception cref="PluginException"><see cref="PluginRefusal.WrongHash"/>.</exception>
    public void ThrowIfNot(LoadedPlugin plugin, ExpectedPlugin expected)
    {
        ArgumentNullException.ThrowIfNull(plugin);
        ArgumentNullException.ThrowIfNull(expected);
        expected.ThrowIfNot(plugin.Manifest);
        expected.ThrowIfOtherFiles(plugin.Manifest, plugin.CopyFolder, _options);
    }

    /// <summary>Loads a plugin from where it lies, for good: for a process that was given the private copy of another.</summary>
    /// <param name="path">Path of its main assembly, in a folder that nobody changes while the process lives.</param>
    /// <returns>The plugin, which stays in memory until the process ends.</returns>
    /// <exception cref="PluginException">It is refused.</exception>
    public static LoadedPlugin LoadInPlace(string path)
    {
        PluginManifest manifest = PluginInspector.Inspect(path);
        manifest.ThrowIfRefused();
        return PluginActivation.Load(manifest, copy: null, unloadable: false);
    }

    /// <summary>
    /// Deletes the copies that are left, also of plugins that could not be unloaded: they may fail from now on when they first touch a further
    /// assembly of theirs. For the end of the process, after its heaps.
    /// </summary>
    public void Dispose() => _root.Dispose();
}

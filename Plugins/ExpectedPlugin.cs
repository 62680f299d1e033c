namespace DmaHeap.Plugins;

/// <summary>What a plugin must be to be loaded: asked of the private copy, which nobody else can change, before any of it is in the process.</summary>
/// <param name="Content">What its folder must be, by <see cref="PluginLoader.ContentOf"/>; null for whatever is there.</param>
/// <param name="Sha256">SHA-256 of its main assembly in hexadecimal, in either case; null for any.</param>
public sealed record ExpectedPlugin(string? Content = null, string? Sha256 = null)
{
    /// <summary>Throws when the main assembly is another.</summary>
    /// <param name="manifest">Read from the very bytes in question.</param>
    /// <exception cref="PluginException"><see cref="PluginRefusal.WrongHash"/>, with both hashes.</exception>
    public void ThrowIfNot(PluginManifest manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        if (Sha256 is null || string.Equals(Sha256, manifest.Sha256, StringComparison.OrdinalIgnoreCase))
            return;
        throw new PluginException(
            PluginRefusal.WrongHash,
            $"Plugin '{manifest.Name}' ({manifest.Path}) is not the file the configuration trusts: its SHA-256 is {manifest.Sha256}, and {Sha256.ToLowerInvariant()} is wanted.");
    }
}

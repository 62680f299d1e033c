using DmaHeap.Plugins.Copies;

namespace DmaHeap.Plugins;

/// <summary>What a plugin must be to be loaded: asked of the private copy, which nobody else can change, before any of it is in the process. Immutable.</summary>
/// <param name="Content">What its folder must be, by <see cref="PluginLoader.ContentOf"/>; null for whatever is there.</param>
/// <param name="Sha256">SHA-256 of its main assembly in hexadecimal, in either case; null for any.</param>
/// <param name="Files">
/// SHA-256 of each file in its folder, by its path relative to that, with <c>/</c>: no other file may be there, and none of these may be missing. Null for any.
/// </param>
public sealed record ExpectedPlugin(string? Content = null, string? Sha256 = null, IReadOnlyDictionary<string, string>? Files = null)
{
    const int MostTold = 5;

    /// <summary>Throws when the main assembly is another.</summary>
    /// <param name="manifest">Read from the very bytes in question.</param>
    /// <exception cref="PluginException"><see cref="PluginRefusal.WrongHash"/>, with both hashes.</exception>
    public void ThrowIfNot(PluginManifest manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        if (Sha256 is null || IsSame(Sha256, manifest.Sha256))
            return;
        throw new PluginException(
            PluginRefusal.WrongHash,
            $"Plugin '{manifest.Name}' ({manifest.Path}) is not the file the configuration trusts: its SHA-256 is {manifest.Sha256}, and {Sha256.ToLowerInvariant()} is wanted.");
    }

    /// <summary>Throws when a file of its folder is another, is not named, or is missing.</summary>
    /// <param name="manifest">For messages.</param>
    /// <param name="copy">The folder of its private copy.</param>
    /// <param name="limits">How much at most is there.</param>
    /// <exception cref="PluginException"><see cref="PluginRefusal.WrongHash"/>, with the files' names.</exception>
    internal void ThrowIfOtherFiles(PluginManifest manifest, string copy, PluginLoaderOptions limits)
    {
        if (Files is null)
            return;
        string[] wrong = [.. Wrong(PluginFiles.HashEach(copy, limits))];
        if (wrong.Length == 0)
            return;
        string more = wrong.Length > MostTold ? $"; and {wrong.Length - MostTold} more" : "";
        throw new PluginException(
            PluginRefusal.WrongHash,
            $"Plugin '{manifest.Name}' ({manifest.Path}) is not what the configuration trusts, file by file: {string.Join("; ", wrong.Take(MostTold))}{more}.");
    }

    /// <inheritdoc/>
    public bool Equals(ExpectedPlugin? other) =>
        other is not null && Content == other.Content && IsSame(Sha256, other.Sha256) && (Files?.Count ?? -1) == (other.Files?.Count ?? -1)
        && (Files is null || Files.All(file => other.Files!.TryGetValue(file.Key, out string? hash) && IsSame(hash, file.Value)));

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Content, Sha256?.ToUpperInvariant(), Files?.Count);

    IEnumerable<string> Wrong(IReadOnlyDictionary<string, string> found)
    {
        foreach ((string file, string hash) in found)
        {
            if (!Files!.TryGetValue(file, out string? wanted))
                yield return $"{file} is not listed (its SHA-256 is {hash})";
            else if (!IsSame(wanted, hash))
                yield return $"the SHA-256 of {file} is {hash}, and {wanted.ToLowerInvariant()} is wanted";
        }
        foreach (string missing in Files!.Keys.Where(file => !found.ContainsKey(file)))
            yield return $"{missing} is not there";
    }

    static bool IsSame(string? one, string? other) => string.Equals(one, other, StringComparison.OrdinalIgnoreCase);
}

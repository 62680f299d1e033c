namespace DmaHeap.Hosting.Configuration;

/// <summary>
/// A heap's options in a file of their own: the object that stands as <c>"options"</c> in <c>plugins.json</c>, alone. Whoever swaps a heap on the command line gives one.
/// What is wrong in it has its place in this file. Immutable.
/// </summary>
public sealed class OptionsFile
{
    private readonly JsonTreeNode _root;

    private OptionsFile(string path, JsonTreeNode root)
    {
        Path = path;
        _root = root;
    }

    /// <summary>No file: every option has its default.</summary>
    public static OptionsFile Empty { get; } = new("", JsonTree.Parse(new SourceText("options", "{}"u8.ToArray()), new ConfigurationErrors())!);

    /// <summary>The file, as it was named.</summary>
    public string Path { get; }

    /// <summary>Reads a file. Which options there are is the plugin's to say: <see cref="Bind"/>.</summary>
    /// <param name="path">The file; errors name it as it is written here.</param>
    /// <returns>The file, or why it cannot be read, or where it is no JSON object.</returns>
    public static ConfigurationResult<OptionsFile> Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var errors = new ConfigurationErrors();
        return Check(path, JsonFile.Read(path, errors), errors);
    }

    /// <summary>Reads a text in UTF-8.</summary>
    /// <param name="utf8Json">The text.</param>
    /// <param name="path">What errors name it.</param>
    /// <returns>As <see cref="Read"/>.</returns>
    public static ConfigurationResult<OptionsFile> Parse(ReadOnlySpan<byte> utf8Json, string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var errors = new ConfigurationErrors();
        return Check(path, JsonFile.Parse(path, utf8Json.ToArray(), errors), errors);
    }

    private static ConfigurationResult<OptionsFile> Check(string path, JsonTreeNode? root, ConfigurationErrors errors)
    {
        if (root is not null && root.Kind != JsonTreeKind.Object) errors.Add(root, $"expected an object with options, found {root.Describe()}");
        return new(root is null ? null : new OptionsFile(path, root), errors.InOrder());
    }

    /// <summary>Fills a plugin's options class, as strictly as from <c>plugins.json</c>. Nothing of the class is kept, so its plugin can be unloaded.</summary>
    /// <param name="plugin">The plugin, for messages.</param>
    /// <param name="optionsType">Its options class; null when it takes none.</param>
    /// <returns>A new object of the class; null, without errors, when the plugin takes no options.</returns>
    public ConfigurationResult<object?> Bind(string plugin, Type? optionsType)
    {
        var errors = new ConfigurationErrors();
        if (optionsType is not null) return new(OptionsBinder.Bind(plugin, _root, _root, optionsType, errors), errors.InOrder());
        if (_root.Properties.Count > 0) errors.Add(_root, $"{plugin} takes no options");
        return new(null, errors.InOrder());
    }

    /// <summary>Checks what stands there by the metadata of a plugin's options class, without running any of the plugin.</summary>
    internal void Check(string plugin, Type? optionsType, ConfigurationErrors errors)
    {
        if (optionsType is not null) OptionsBinder.Check(plugin, _root, _root, optionsType, errors);
        else if (_root.Properties.Count > 0) errors.Add(_root, $"{plugin} takes no options");
    }

    /// <summary>The options as a text of their own.</summary>
    internal string ToJson() => _root.ToJson();
}

using System.Text;

namespace DmaHeap.Hosting.Configuration;

/// <summary>
/// Reads <c>plugins.json</c>. A file is refused whole: a syntax error by its place, otherwise with everything that is wrong in it at once.
/// Stateless; every member may be used from any thread.
/// </summary>
public static class ConfigurationReader
{
    /// <summary>The largest file read, in bytes: 4 MiB.</summary>
    public const int LargestFile = 4 * 1024 * 1024;

    /// <summary>Reads a file. A file that cannot be read is an error like any other, so that a service can report it and go on with what it has.</summary>
    /// <param name="path">The file; errors name it as it is written here. With it go the files in <c>plugins.d</c> beside it, in the order of their names.</param>
    public static ConfigurationResult<HostConfiguration> Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var errors = new ConfigurationErrors();
        var root = JsonFile.Read(path, errors);
        return Bind(root, DropIns.Read(path, errors), Path.GetFullPath(path), errors);
    }

    /// <summary>Reads a text, as from a string literal of a program that embeds the host.</summary>
    /// <param name="json">The text.</param>
    /// <param name="fileName">What errors name it; relative plugin paths are relative to its folder.</param>
    public static ConfigurationResult<HostConfiguration> Parse(string json, string fileName = "plugins.json")
    {
        ArgumentNullException.ThrowIfNull(json);
        return Parse(Encoding.UTF8.GetBytes(json), fileName);
    }

    /// <summary>Reads a text in UTF-8, with or without a byte order mark.</summary>
    /// <param name="utf8Json">The text; what is kept of it is copied.</param>
    /// <param name="fileName">What errors name it; relative plugin paths are relative to its folder.</param>
    public static ConfigurationResult<HostConfiguration> Parse(ReadOnlySpan<byte> utf8Json, string fileName = "plugins.json")
    {
        ArgumentException.ThrowIfNullOrEmpty(fileName);
        var errors = new ConfigurationErrors();
        return Bind(JsonFile.Parse(fileName, utf8Json[..Math.Min(utf8Json.Length, LargestFile + 1)].ToArray(), errors), [], fileName, errors);
    }

    /// <summary>
    /// Reads a heap's own options into the plugin's options class; every error has its place in the file, or at the heap when the file has no options for it.
    /// Nothing of the class is kept after the call, so its plugin can be unloaded.
    /// </summary>
    /// <param name="heap">The heap, as read.</param>
    /// <param name="optionsType">The plugin's options class; null when it takes none.</param>
    /// <returns>A new object of the class; null, without errors, when the plugin takes no options.</returns>
    public static ConfigurationResult<object?> BindOptions(HeapConfiguration heap, Type? optionsType)
    {
        ArgumentNullException.ThrowIfNull(heap);
        var errors = new ConfigurationErrors();
        var value = optionsType is null ? null : OptionsBinder.Bind(heap, optionsType, errors);
        if (optionsType is null && heap.Options is { Properties.Count: > 0 } options) errors.Add(options, $"{heap.Plugin} takes no options");
        return new ConfigurationResult<object?>(value, errors.InOrder());
    }

    /// <summary>Checks a heap's own options by the metadata of the plugin's options class, without running any of the plugin: rules that only its code knows are not.</summary>
    internal static void CheckOptions(HeapConfiguration heap, Type? optionsType, ConfigurationErrors errors)
    {
        if (optionsType is not null) OptionsBinder.Check(heap, optionsType, errors);
        else if (heap.Options is { Properties.Count: > 0 } options) errors.Add(options, $"{heap.Plugin} takes no options");
    }

    /// <summary>Of a file that has errors, the heaps that have none of their own: so that what only their plugins know is told in the same breath.</summary>
    internal static IReadOnlyList<HeapConfiguration> ReadWholeHeaps(string path)
    {
        var ignored = new ConfigurationErrors();
        IEnumerable<JsonTreeNode?> roots = [JsonFile.Read(path, ignored), .. DropIns.Read(path, ignored)];
        return WholeHeaps(roots.OfType<JsonTreeNode>());
    }

    private static List<HeapConfiguration> WholeHeaps(IEnumerable<JsonTreeNode> roots)
    {
        var heaps = new List<HeapConfiguration>();
        foreach (var entry in roots.SelectMany(root => root.Find("heaps")?.Value.Properties ?? []))
        {
            var errors = new ConfigurationErrors();
            if (OptionsBinder.DescribeOwn<HeapSection>().TryRead(entry.Value, errors, out var section) && errors.Count == 0) heaps.Add(new HeapConfiguration(entry, (HeapSection)section));
        }

        return heaps;
    }

    private static ConfigurationResult<HostConfiguration> Bind(JsonTreeNode? root, IReadOnlyList<JsonTreeNode> dropIns, string sourcePath, ConfigurationErrors errors)
    {
        var added = dropIns.SelectMany(dropIn => HeapsOf(dropIn, errors)).ToArray();
        var configuration = root is null ? null : BindWhole(root, added, sourcePath, errors);
        JsonTreeNode[] roots = root is null ? [.. dropIns] : [root, .. dropIns];
        HeapNames.Check(roots, errors);
        foreach (var heap in configuration?.Heaps ?? WholeHeaps(roots)) PoolRules.Check(heap, configuration?.Limits, errors);
        return new(configuration, errors.InOrder());
    }

    private static HostConfiguration? BindWhole(JsonTreeNode root, HeapConfiguration[] added, string sourcePath, ConfigurationErrors errors)
    {
        if (!OptionsBinder.DescribeOwn<HostSection>().TryRead(root, errors, out var bound)) return null;
        var section = (HostSection)bound;
        HeapConfiguration[] heaps = [.. HeapsOf(section.Heaps), .. added];
        return new HostConfiguration(section.Version, section.Limits, section.DrainTimeout, section.Server, Array.AsReadOnly(heaps), sourcePath, root);
    }

    private static IEnumerable<HeapConfiguration> HeapsOf(JsonTreeNode dropIn, ConfigurationErrors errors) =>
        OptionsBinder.DescribeOwn<DropInSection>().TryRead(dropIn, errors, out var bound) ? HeapsOf(((DropInSection)bound).Heaps) : [];

    private static IEnumerable<HeapConfiguration> HeapsOf(SectionMap<HeapSection> heaps) => heaps.Select(heap => new HeapConfiguration(heap.Entry, heap.Section));
}

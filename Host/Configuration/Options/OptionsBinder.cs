namespace DmaHeap.Hosting.Configuration;

/// <summary>
/// Fills options classes from a configuration, strictly: unknown keys, wrong types and missing values are errors, all of them at once.
/// Plain reflection and nothing kept: serializers and type descriptors cache the types they meet and so keep a plugin from unloading.
/// </summary>
internal static class OptionsBinder
{
    /// <summary>Fills a plugin's options class from its heap's options.</summary>
    internal static object? Bind(HeapConfiguration heap, Type type, ConfigurationErrors errors)
    {
        var section = heap.Entry.Value;
        return Bind(heap.Plugin, heap.Options ?? JsonTreeNode.Absent(section, "options"), section.Find("plugin")!.Value, type, errors);
    }

    /// <summary>As <see cref="Bind(HeapConfiguration, Type, ConfigurationErrors)"/>, without creating anything of the plugin's.</summary>
    internal static void Check(HeapConfiguration heap, Type type, ConfigurationErrors errors)
    {
        var section = heap.Entry.Value;
        Check(heap.Plugin, heap.Options ?? JsonTreeNode.Absent(section, "options"), section.Find("plugin")!.Value, type, errors);
    }

    /// <summary>As <see cref="Bind(string, JsonTreeNode, JsonTreeNode, Type, ConfigurationErrors)"/>, without creating anything of the plugin's.</summary>
    internal static void Check(string plugin, JsonTreeNode options, JsonTreeNode namedAt, Type type, ConfigurationErrors errors)
    {
        var builder = new OptionTypeBuilder { RunsNothing = true };
        var described = builder.Describe(type);
        foreach (var fault in builder.Faults) errors.Add(namedAt, $"{plugin} has faulty options: {fault}");
        if (builder.Faults.Count == 0) described.TryRead(options, errors, out _);
    }

    /// <summary>Fills a plugin's options class.</summary>
    /// <param name="plugin">The plugin, for messages.</param>
    /// <param name="options">What the file says.</param>
    /// <param name="namedAt">Where the file names the plugin, for what is wrong with the class itself.</param>
    /// <param name="type">The class.</param>
    /// <param name="errors">Receives all that is wrong.</param>
    internal static object? Bind(string plugin, JsonTreeNode options, JsonTreeNode namedAt, Type type, ConfigurationErrors errors)
    {
        var builder = new OptionTypeBuilder();
        var described = builder.Describe(type);
        foreach (var fault in builder.Faults) errors.Add(namedAt, $"{plugin} has faulty options: {fault}");
        return builder.Faults.Count == 0 && described.TryRead(options, errors, out var bound) ? bound : null;
    }

    /// <summary>Describes one of the configuration's own classes.</summary>
    internal static OptionClass DescribeOwn<T>()
    {
        var builder = new OptionTypeBuilder();
        var section = builder.Describe(typeof(T));
        return builder.Faults.Count == 0 ? section : throw new InvalidOperationException(string.Join('\n', builder.Faults));
    }
}

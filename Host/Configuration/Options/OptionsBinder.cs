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
        var builder = new OptionTypeBuilder();
        var options = builder.Describe(type);
        var section = heap.Entry.Value;
        foreach (var fault in builder.Faults) errors.Add(section.Find("plugin")!.Value, $"{heap.Plugin} has faulty options: {fault}");
        if (builder.Faults.Count > 0) return null;

        return options.TryRead(heap.Options ?? JsonTreeNode.Absent(section, "options"), errors, out var bound) ? bound : null;
    }

    /// <summary>Describes one of the configuration's own classes.</summary>
    internal static OptionClass DescribeOwn<T>()
    {
        var builder = new OptionTypeBuilder();
        var section = builder.Describe(typeof(T));
        return builder.Faults.Count == 0 ? section : throw new InvalidOperationException(string.Join('\n', builder.Faults));
    }
}

using System.Text;

namespace DmaHeap.Hosting.Configuration;

/// <summary>Options in a text of their own, read by the rules of those in a configuration: errors have their place in that text, with <c>$</c> for the options themselves.</summary>
internal static class OptionsText
{
    /// <summary>Reads a text into an options class.</summary>
    /// <param name="type">The class; null when the heap type takes no options.</param>
    /// <param name="json">The text.</param>
    /// <param name="fileName">What errors name it.</param>
    /// <param name="heapType">What errors call the heap type.</param>
    internal static ConfigurationResult<object?> Bind(Type? type, string json, string fileName, string heapType)
    {
        var errors = new ConfigurationErrors();
        object? value = null;
        if (JsonTree.Parse(new SourceText(fileName, Encoding.UTF8.GetBytes(json)), errors) is { } root)
        {
            if (type is not null) Bind(type, root, heapType, errors, out value);
            else if (root is not { Kind: JsonTreeKind.Object, Properties.Count: 0 }) errors.Add(root, $"{heapType} takes no options");
        }

        return new(value, errors.InOrder());
    }

    /// <summary>Describes an options class: properties, kinds, bounds, as in the schema of a configuration.</summary>
    /// <exception cref="ArgumentException">It is not one that the host could fill; the message says why.</exception>
    internal static OptionClass Describe(Type type)
    {
        var builder = new OptionTypeBuilder();
        var options = builder.Describe(type);
        return builder.Faults.Count == 0 ? options : throw new ArgumentException(string.Join("; ", builder.Faults), nameof(type));
    }

    private static void Bind(Type type, JsonTreeNode root, string heapType, ConfigurationErrors errors, out object? value)
    {
        var builder = new OptionTypeBuilder();
        var options = builder.Describe(type);
        value = null;
        foreach (var fault in builder.Faults) errors.Add(root, $"{heapType} has faulty options: {fault}");
        if (builder.Faults.Count == 0) options.TryRead(root, errors, out value);
    }
}

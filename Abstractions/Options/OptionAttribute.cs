namespace DmaHeap;

/// <summary>
/// Describes one property of an options class. Options are a public class with a parameterless constructor and <c>init</c> properties of: bool, int, long, string,
/// an enum, <see cref="ByteSize"/>, <see cref="TimeSpan"/>, an array of these, or another such class. In JSON a property is named in camelCase. The host binds them, places
/// every error at its line and column, and reads defaults and descriptions from the metadata, without running the plugin.
/// </summary>
/// <param name="description">What the option does, in one sentence, with its unit.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class OptionAttribute(string description) : Attribute
{
    /// <summary>What the option does.</summary>
    public string Description { get; } = description;

    /// <summary>The value when the configuration has none, as it would be written there (<c>"64MiB"</c>, <c>"true"</c>, <c>"lazy"</c>); the type's zero when null. A property marked <c>required</c> has none.</summary>
    public string? Default { get; set; }

    /// <summary>Smallest value allowed, as it would be written; null for none. For numbers, sizes and times.</summary>
    public string? Minimum { get; set; }

    /// <summary>Largest value allowed, as it would be written; null for none. For numbers, sizes and times.</summary>
    public string? Maximum { get; set; }
}

using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;

namespace DmaHeap.Hosting.Configuration;

/// <summary>One kind of value an option can have: how it is read from a file, and how a JSON Schema says the same. Both stand side by side so that they cannot drift apart.</summary>
internal abstract class OptionType
{
    /// <summary>True when the value is a JSON text, so that a default in metadata stands for it without quotes.</summary>
    internal virtual bool IsText => false;

    /// <summary>Rules that a schema cannot say, for its description; null when there are none.</summary>
    internal virtual string? Limits => null;

    /// <summary>Reads a value; adds every error there is in it.</summary>
    internal abstract bool TryRead(JsonTreeNode node, ConfigurationErrors errors, [NotNullWhen(true)] out object? value);

    /// <summary>The schema of what <see cref="TryRead"/> takes. A new object each time.</summary>
    internal abstract JsonObject ToSchema();

    private protected static bool Refuse(JsonTreeNode node, ConfigurationErrors errors, string expected, out object? value)
    {
        errors.Add(node, $"expected {expected}, found {node.Describe()}");
        value = null;
        return false;
    }
}

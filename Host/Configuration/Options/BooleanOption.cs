using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;

namespace DmaHeap.Hosting.Configuration;

/// <summary><c>true</c> or <c>false</c>.</summary>
internal sealed class BooleanOption : OptionType
{
    internal override bool TryRead(JsonTreeNode node, ConfigurationErrors errors, [NotNullWhen(true)] out object? value)
    {
        if (node.Kind != JsonTreeKind.Boolean) return Refuse(node, errors, "true or false", out value);
        value = node.Text == "true";
        return true;
    }

    internal override JsonObject ToSchema() => new() { ["type"] = "boolean" };
}

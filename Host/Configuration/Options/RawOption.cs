using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;

namespace DmaHeap.Hosting.Configuration;

/// <summary>An object kept as it stands, to be read when its plugin is known.</summary>
internal sealed class RawOption : OptionType
{
    internal override bool TryRead(JsonTreeNode node, ConfigurationErrors errors, [NotNullWhen(true)] out object? value)
    {
        value = node;
        return node.Kind == JsonTreeKind.Object || Refuse(node, errors, "an object", out value);
    }

    internal override JsonObject ToSchema() => new() { ["type"] = "object" };
}

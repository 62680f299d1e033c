using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;

namespace DmaHeap.Hosting.Configuration;

/// <summary>An object whose keys the file chooses; at least one. Only in the configuration's own types.</summary>
internal sealed class MapOption(Type mapType, OptionType item, TextRuleAttribute keys) : OptionType
{
    internal override bool TryRead(JsonTreeNode node, ConfigurationErrors errors, [NotNullWhen(true)] out object? value)
    {
        if (node.Kind != JsonTreeKind.Object) return Refuse(node, errors, "an object", out value);
        var map = (SectionMap)Activator.CreateInstance(mapType)!;
        var isFine = node.Properties.Count > 0;
        if (!isFine) errors.Add(node, "must have at least one entry");
        foreach (var property in node.Properties)
        {
            var isKey = TextOption.Fits(keys, property.Name);
            if (!isKey) errors.Add(property, $"expected {keys.Expected}, found {JsonPath.Quote(property.Name)}");
            if (item.TryRead(property.Value, errors, out var read) && isKey) map.Add(property, read);
            else isFine = false;
        }

        value = isFine ? map : null;
        return isFine;
    }

    internal override JsonObject ToSchema() => new()
    {
        ["type"] = "object",
        ["minProperties"] = 1,
        ["patternProperties"] = new JsonObject { [keys.Pattern] = item.ToSchema() },
        ["additionalProperties"] = false,
    };
}

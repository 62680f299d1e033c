using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;

namespace DmaHeap.Hosting.Configuration;

/// <summary>An array of values of one kind.</summary>
internal sealed class ArrayOption(Type itemType, OptionType item) : OptionType
{
    internal override bool TryRead(JsonTreeNode node, ConfigurationErrors errors, [NotNullWhen(true)] out object? value)
    {
        if (node.Kind != JsonTreeKind.Array) return Refuse(node, errors, "an array", out value);
        var array = Array.CreateInstance(itemType, node.Items.Count);
        var isFine = true;
        for (var i = 0; i < node.Items.Count; i++)
        {
            if (!item.TryRead(node.Items[i], errors, out var read)) isFine = false;
            else if (read is not OptionClass.Placeholder) array.SetValue(read, i);
        }

        value = isFine ? array : null;
        return isFine;
    }

    internal override JsonObject ToSchema() => new() { ["type"] = "array", ["items"] = item.ToSchema() };
}

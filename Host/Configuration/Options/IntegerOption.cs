using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json.Nodes;

namespace DmaHeap.Hosting.Configuration;

/// <summary>A whole number of 32 or 64 bits, without fraction or exponent.</summary>
internal sealed class IntegerOption(bool isLong, Bounds<long> bounds) : OptionType
{
    internal override bool TryRead(JsonTreeNode node, ConfigurationErrors errors, [NotNullWhen(true)] out object? value)
    {
        if (node.Kind != JsonTreeKind.Number || node.Text.AsSpan().ContainsAny(".eE")) return Refuse(node, errors, "a whole number", out value);
        value = null;
        if (!long.TryParse(node.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            || (!isLong && number != (int)number))
        {
            errors.Add(node, $"{node.Describe()} does not fit; must be {bounds.Rule ?? (isLong ? "from -2^63 to 2^63-1" : "from -2^31 to 2^31-1")}");
            return false;
        }

        if (!bounds.Check(node, number, errors)) return false;
        value = isLong ? number : (object)(int)number;
        return true;
    }

    internal override JsonObject ToSchema() => new()
    {
        ["type"] = "integer",
        ["minimum"] = bounds.Minimum ?? (isLong ? long.MinValue : int.MinValue),
        ["maximum"] = bounds.Maximum ?? (isLong ? long.MaxValue : int.MaxValue),
    };
}

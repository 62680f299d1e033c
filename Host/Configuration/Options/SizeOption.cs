using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json.Nodes;

namespace DmaHeap.Hosting.Configuration;

/// <summary>A number of bytes: a text such as <c>64MiB</c>, or a whole number.</summary>
internal sealed class SizeOption(Bounds<ByteSize> bounds) : OptionType
{
    internal const string Expected = "a size such as \"64MiB\" or a whole number of bytes";

    internal override bool IsText => true;

    internal override string? Limits => bounds.Rule is { } rule ? $"({char.ToUpperInvariant(rule[0])}{rule[1..]}.)" : null;

    internal override bool TryRead(JsonTreeNode node, ConfigurationErrors errors, [NotNullWhen(true)] out object? value)
    {
        if (!TryParse(node, out var size)) return Refuse(node, errors, Expected, out value);
        value = size;
        return bounds.Check(node, size, errors);
    }

    internal override JsonObject ToSchema() => new()
    {
        ["anyOf"] = new JsonArray(
            new JsonObject { ["type"] = "string", ["pattern"] = ByteSize.Pattern },
            new JsonObject { ["type"] = "integer", ["minimum"] = bounds.Minimum?.Bytes ?? 0, ["maximum"] = bounds.Maximum?.Bytes ?? long.MaxValue }),
    };

    internal static bool TryParse(string text, out ByteSize size)
    {
        size = default;
        // White space around it is refused here, as the pattern refuses it.
        return text.Length > 0 && char.IsAsciiDigit(text[0]) && char.IsAsciiLetterOrDigit(text[^1]) && ByteSize.TryParse(text, out size);
    }

    private static bool TryParse(JsonTreeNode node, out ByteSize size)
    {
        size = default;
        if (node.Kind == JsonTreeKind.Text) return TryParse(node.Text, out size);
        if (node.Kind != JsonTreeKind.Number || !long.TryParse(node.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes)) return false;
        size = new ByteSize(bytes);
        return true;
    }
}

using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace DmaHeap.Hosting.Configuration;

/// <summary>A text; with a rule of the configuration's own, one that looks as the rule says.</summary>
internal sealed class TextOption(TextRuleAttribute? rule) : OptionType
{
    internal override bool IsText => true;

    internal override bool TryRead(JsonTreeNode node, ConfigurationErrors errors, [NotNullWhen(true)] out object? value)
    {
        var isText = node.Kind == JsonTreeKind.Text || (node.Kind == JsonTreeKind.Number && rule is { OrNumber: true });
        if (!isText || !Fits(rule, node.Text)) return Refuse(node, errors, rule?.Expected ?? "a text in quotes", out value);
        value = node.Text;
        return true;
    }

    internal override JsonObject ToSchema()
    {
        var text = new JsonObject { ["type"] = "string" };
        if (rule is null) return text;
        text["pattern"] = rule.Pattern;
        if (!rule.OrNumber) return text;
        return new JsonObject
        {
            ["anyOf"] = new JsonArray(text, new JsonObject { ["type"] = "integer", ["minimum"] = 0, ["maximum"] = uint.MaxValue - 1 }),
        };
    }

    // "$" lets a line break through at the end, which JSON Schema's does not.
    internal static bool Fits(TextRuleAttribute? rule, string text) => rule is null || (!text.EndsWith('\n') && Regex.IsMatch(text, rule.Pattern, RegexOptions.CultureInvariant));
}

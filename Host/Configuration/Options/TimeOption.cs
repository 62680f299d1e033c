using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;

namespace DmaHeap.Hosting.Configuration;

/// <summary>A span of time, as <see cref="TimeText"/> reads it.</summary>
internal sealed class TimeOption(Bounds<TimeSpan> bounds) : OptionType
{
    internal override bool IsText => true;

    internal override string? Limits => bounds.Rule is { } rule ? $"({char.ToUpperInvariant(rule[0])}{rule[1..]}.)" : null;

    internal override bool TryRead(JsonTreeNode node, ConfigurationErrors errors, [NotNullWhen(true)] out object? value)
    {
        if (node.Kind != JsonTreeKind.Text || !TimeText.TryParse(node.Text, out var time))
        {
            return Refuse(node, errors, "a time such as \"500ms\", \"2s\", \"1m\", \"1h\", \"7d\" or \"1.02:30:00\"", out value);
        }

        value = time;
        return bounds.Check(node, time, errors);
    }

    internal override JsonObject ToSchema() => new() { ["type"] = "string", ["pattern"] = TimeText.Pattern };
}

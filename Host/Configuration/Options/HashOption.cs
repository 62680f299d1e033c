using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using DmaHeap.Plugins;

namespace DmaHeap.Hosting.Configuration;

/// <summary>A SHA-256 of a plugin's main assembly, or one for each of its files. Only in the configuration's own types.</summary>
internal sealed class HashOption : OptionType
{
    private const string Pattern = "^[0-9a-fA-F]{64}$";
    private const string Expected = "a SHA-256 in hexadecimal: 64 of 0-9 a-f";

    // Relative, and with no way out: others would never be found.
    private const string FilePattern = @"^(?!/)(?!(.*/)?\.{0,2}(/|$))[^\u0000-\u001F]{1,4095}$";
    private const string ExpectedFile = "a file of the plugin's folder, with a path relative to that";

    private static readonly TextRuleAttribute s_hash = new(Pattern, Expected), s_file = new(FilePattern, ExpectedFile);
    private readonly TextOption _one = new(s_hash);

    internal override bool TryRead(JsonTreeNode node, ConfigurationErrors errors, [NotNullWhen(true)] out object? value)
    {
        if (node.Kind == JsonTreeKind.Object) return TryReadFiles(node, errors, out value);
        var isHash = node.Kind == JsonTreeKind.Text && TextOption.Fits(s_hash, node.Text);
        if (!isHash) return Refuse(node, errors, $"{Expected}; or an object with one for each file of the plugin", out value);
        value = new ExpectedPlugin(Sha256: node.Text);
        return true;
    }

    private bool TryReadFiles(JsonTreeNode node, ConfigurationErrors errors, [NotNullWhen(true)] out object? value)
    {
        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        var isFine = node.Properties.Count > 0;
        if (!isFine) errors.Add(node, "must have at least one entry");
        foreach (var property in node.Properties)
        {
            var isFile = TextOption.Fits(s_file, property.Name);
            if (!isFile) errors.Add(property, $"expected {ExpectedFile}, found {JsonPath.Quote(property.Name)}");
            if (_one.TryRead(property.Value, errors, out var hash) && isFile) files[property.Name] = (string)hash;
            else isFine = false;
        }

        value = isFine ? new ExpectedPlugin(Files: files) : null;
        return isFine;
    }

    internal override JsonObject ToSchema() => new()
    {
        ["anyOf"] = new JsonArray(
            _one.ToSchema(),
            new JsonObject
            {
                ["type"] = "object",
                ["minProperties"] = 1,
                ["patternProperties"] = new JsonObject { [FilePattern] = _one.ToSchema() },
                ["additionalProperties"] = false,
            }),
    };
}

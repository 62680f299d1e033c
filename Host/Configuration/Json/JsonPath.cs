using System.Globalization;
using System.Text;

namespace DmaHeap.Hosting.Configuration;

/// <summary>How errors name places and texts: always on one line, never endless.</summary>
internal static class JsonPath
{
    private const int LongestText = 64;

    /// <summary>The path of a value: <c>$.heaps.system.aliases[0]</c>, <c>$.heaps['linux,cma']</c>.</summary>
    internal static string Of(JsonTreeNode node)
    {
        var steps = new Stack<string>();
        for (var at = node; at.Parent is not null; at = at.Parent)
        {
            steps.Push(at.Name is { } name ? Step(name) : string.Create(CultureInfo.InvariantCulture, $"[{at.Index}]"));
        }

        return "$" + string.Concat(steps);
    }

    /// <summary>The path of a property, there or not.</summary>
    internal static string Of(JsonTreeNode owner, string name) => Of(owner) + Step(name);

    /// <summary>A text in double quotes.</summary>
    internal static string Quote(string text) => $"\"{Clip(text, '"')}\"";

    /// <summary>A text without line breaks and other control characters, cut when long.</summary>
    internal static string Clip(string text, char quote = '\0', int longest = LongestText)
    {
        var clipped = new StringBuilder();
        var length = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if (length++ == longest) return clipped.Append('…').ToString();
            if (quote != '\0' && (rune.Value == quote || rune.Value == '\\')) clipped.Append('\\').Append((char)rune.Value);
            else if (Rune.IsControl(rune) || rune.Value is 0x2028 or 0x2029) clipped.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}");
            else clipped.Append(rune.ToString());
        }

        return clipped.ToString();
    }

    private static string Step(string name) => IsIdentifier(name) ? "." + Clip(name) : $"['{Clip(name, '\'')}']";

    private static bool IsIdentifier(string name) =>
        name.Length > 0 && !char.IsAsciiDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '$');
}

namespace DmaHeap.Heaps;

/// <summary>Names with a <c>*</c> for any characters, and nothing else that is special.</summary>
internal static class Wildcard
{
    public static bool Matches(string pattern, string text)
    {
        var parts = pattern.Split('*');
        if (parts.Length == 1) return pattern == text;
        if (text.Length < parts[0].Length + parts[^1].Length || !text.StartsWith(parts[0], StringComparison.Ordinal) || !text.EndsWith(parts[^1], StringComparison.Ordinal)) return false;
        var between = text.AsSpan(parts[0].Length, text.Length - parts[0].Length - parts[^1].Length);
        foreach (var part in parts.AsSpan(1, parts.Length - 2))
        {
            var at = between.IndexOf(part, StringComparison.Ordinal);
            if (at < 0) return false;
            between = between[(at + part.Length)..];
        }

        return true;
    }
}

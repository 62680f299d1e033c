namespace DmaHeap.Hosting.Configuration;

/// <summary>The least and the largest value allowed, with the texts a person writes them as.</summary>
internal sealed record Bounds<T>(T? Minimum, T? Maximum, Func<T, string> ToText)
    where T : struct, IComparable<T>
{
    internal bool Contains(T value) => !(Minimum is { } min && value.CompareTo(min) < 0) && !(Maximum is { } max && value.CompareTo(max) > 0);

    /// <summary>The rule as the end of a sentence: <c>at least 4KiB</c>; null when there is none.</summary>
    internal string? Rule => (Minimum, Maximum) switch
    {
        (null, null) => null,
        ({ } min, null) => $"at least {ToText(min)}",
        (null, { } max) => $"at most {ToText(max)}",
        ({ } min, { } max) when min.CompareTo(max) == 0 => ToText(min),
        ({ } min, { } max) => $"from {ToText(min)} to {ToText(max)}",
    };

    internal bool Check(JsonTreeNode node, T value, ConfigurationErrors errors)
    {
        if (Contains(value)) return true;
        errors.Add(node, $"must be {Rule}, not {node.Describe()}");
        return false;
    }
}

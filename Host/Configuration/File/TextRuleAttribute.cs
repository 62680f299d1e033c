namespace DmaHeap.Hosting.Configuration;

/// <summary>What a text, each text of an array, or each key of a map must look like.</summary>
/// <param name="pattern">A regular expression over the whole text, in the part of the syntax that .NET and JSON Schema share.</param>
/// <param name="expected">The same in words, for messages.</param>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class TextRuleAttribute(string pattern, string expected) : Attribute
{
    internal string Pattern { get; } = pattern;

    internal string Expected { get; } = expected;

    /// <summary>True when a whole number may stand for its decimal text, as in user ids.</summary>
    public bool OrNumber { get; init; }
}

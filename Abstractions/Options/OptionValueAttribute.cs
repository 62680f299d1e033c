namespace DmaHeap;

/// <summary>How an enum member is written in JSON when its name in camelCase is not it (<c>2MiB</c> is no identifier).</summary>
/// <param name="text">The text in JSON.</param>
[AttributeUsage(AttributeTargets.Field)]
public sealed class OptionValueAttribute(string text) : Attribute
{
    /// <summary>The text in JSON.</summary>
    public string Text { get; } = text;
}

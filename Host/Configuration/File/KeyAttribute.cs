namespace DmaHeap.Hosting.Configuration;

/// <summary>The key of a property whose name in camelCase is not it.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class KeyAttribute(string key) : Attribute
{
    internal string Key { get; } = key;
}

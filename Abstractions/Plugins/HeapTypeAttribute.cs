namespace DmaHeap;

/// <summary>
/// Says that this assembly is a heap plugin and has this heap type. The host reads it from the file's metadata before it loads any code.
/// </summary>
/// <param name="heapType">A public, non-abstract class that implements <see cref="IHeap"/>.</param>
[AttributeUsage(AttributeTargets.Assembly, AllowMultiple = true)]
public sealed class HeapTypeAttribute(Type heapType) : Attribute
{
    /// <summary>The heap class.</summary>
    public Type HeapType { get; } = heapType;

    /// <summary>Its options class, for the constructor <c>(IHeapContext, TOptions)</c>; null for the constructor <c>(IHeapContext)</c>.</summary>
    public Type? Options { get; set; }

    /// <summary>What the configuration's <c>"type"</c> says when a plugin has several heap types; the class name when null.</summary>
    public string? Name { get; set; }
}

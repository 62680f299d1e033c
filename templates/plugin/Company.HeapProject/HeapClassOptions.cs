using DmaHeap;

namespace HeapNamespace;

/// <summary>The heap's <c>"options"</c> in plugins.json. The host binds them, and tells of errors by line and column.</summary>
public sealed class HeapClassOptions
{
    [Option("Largest buffer handed out.", Default = "256MiB", Minimum = "64KiB", Maximum = "1TiB")]
    public ByteSize LargestBuffer { get; init; } = new(256L << 20);
}

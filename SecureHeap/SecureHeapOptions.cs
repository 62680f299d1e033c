namespace DmaHeap.Heaps;

/// <summary>Options of <see cref="SecureHeap"/>.</summary>
public sealed class SecureHeapOptions
{
    /// <summary>Who is given the secret memory by <c>Map</c>. Without rules nobody is.</summary>
    [Option("Importers that are given the secret memory: rules by user or group id. Without any, nobody is.", Default = "[]")]
    public ImporterRule[] Importers { get; init; } = [];
}

namespace DmaHeap.Hosting;

/// <summary>How thick exceptions may come out of a heap before it is faulted, and answers EIO until it is started anew. Immutable.</summary>
/// <param name="Count">This many are too many. Positive.</param>
/// <param name="Within">Where they come within this time of each other. Positive.</param>
public sealed record HeapFaultLimit(int Count, TimeSpan Within)
{
    /// <summary>Ten within ten seconds.</summary>
    public static HeapFaultLimit Default { get; } = new(10, TimeSpan.FromSeconds(10));
}

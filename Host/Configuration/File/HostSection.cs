namespace DmaHeap.Hosting.Configuration;

/// <summary>The whole file, as it is written.</summary>
internal sealed class HostSection
{
    [Key("$schema")]
    [Option("Where an editor finds the schema of this file. The host does not read it.")]
    public string? Schema { get; init; }

    [Option("Version of this format.", Minimum = "1", Maximum = "1")]
    public required int Version { get; init; }

    [Option("Limits over all heaps together.")]
    public LimitsConfiguration Limits { get; init; } = new();

    [Option("How long a heap that was replaced or taken out may wait for its last buffer before it is disposed; for ever when left out.", Minimum = "10ms", Maximum = "7d")]
    public TimeSpan? DrainTimeout { get; init; }

    [Option("How clients are served.")]
    public ServerSection Server { get; init; } = new();

    [Option("The heaps, each under its name in /dev/dma_heap.")]
    [TextRule(HeapSection.NamePattern, HeapSection.NameRule)]
    public required SectionMap<HeapSection> Heaps { get; init; }
}

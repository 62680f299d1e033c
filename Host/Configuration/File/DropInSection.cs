namespace DmaHeap.Hosting.Configuration;

/// <summary>A file that adds heaps to a configuration, as it is written. What holds for the whole host stands in one place, the configuration itself.</summary>
internal sealed class DropInSection
{
    [Key("$schema")]
    [Option("Where an editor finds the schema of this file. The host does not read it.")]
    public string? Schema { get; init; }

    [Option("Version of this format.", Minimum = "1", Maximum = "1")]
    public required int Version { get; init; }

    [Option("The heaps, each under its name in /dev/dma_heap.")]
    [TextRule(HeapSection.NamePattern, HeapSection.NameRule)]
    public required SectionMap<HeapSection> Heaps { get; init; }
}

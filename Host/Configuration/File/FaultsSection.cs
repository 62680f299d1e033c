namespace DmaHeap.Hosting.Configuration;

/// <summary>How many exceptions fault a heap, as it is written.</summary>
internal sealed class FaultsSection
{
    [Option("This many are too many.", Default = "10", Minimum = "1", Maximum = "10000")]
    public int Count { get; init; }

    [Option("Where they come within this time.", Default = "10s", Minimum = "10ms", Maximum = "1d")]
    public TimeSpan Within { get; init; }
}

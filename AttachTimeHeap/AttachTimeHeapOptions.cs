namespace DmaHeap.Heaps;

/// <summary>Options of <see cref="AttachTimeHeap"/>.</summary>
public sealed class AttachTimeHeapOptions
{
    /// <summary>How long after its allocation a buffer may wait for importers before the log says whom it waits for. The buffer goes on waiting.</summary>
    [Option("How long a buffer may wait for its importers before a warning; 0s for no warning.", Default = "30s", Minimum = "0s", Maximum = "1d")]
    public TimeSpan WarnAfter { get; init; } = TimeSpan.FromSeconds(30);
}

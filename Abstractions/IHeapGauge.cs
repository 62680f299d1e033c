namespace DmaHeap;

/// <summary>A heap that can tell how much it has left implements this beside <see cref="IHeap"/>.</summary>
public interface IHeapGauge
{
    /// <summary>Reads the gauges. Called from any thread, at any time between construction and disposal; cheap and without side effects.</summary>
    HeapGauges ReadGauges();
}

/// <summary>What a heap has left. All values in bytes.</summary>
public readonly record struct HeapGauges
{
    /// <summary>Size of the heap's region.</summary>
    public required long Capacity { get; init; }

    /// <summary>Bytes not handed out.</summary>
    public required long Free { get; init; }

    /// <summary>Longest run of free bytes: no larger buffer fits now.</summary>
    public required long LargestRun { get; init; }
}

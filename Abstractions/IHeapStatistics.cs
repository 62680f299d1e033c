namespace DmaHeap;

/// <summary>What the host counts for a heap. Read-only; each value is a snapshot of its own.</summary>
public interface IHeapStatistics
{
    /// <summary>Buffers alive now.</summary>
    long Buffers { get; }

    /// <summary>Bytes of the buffers alive now.</summary>
    long Bytes { get; }

    /// <summary>Most bytes alive at one time since the heap started.</summary>
    long PeakBytes { get; }

    /// <summary>Allocations that succeeded since the heap started.</summary>
    long Allocations { get; }

    /// <summary>Allocations that failed since the heap started, for whatever cause.</summary>
    long Failures { get; }
}

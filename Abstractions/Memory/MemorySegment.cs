namespace DmaHeap;

/// <summary>A range of memory that the host hands to an importer as (descriptor, offset, length).</summary>
/// <param name="Memory">Memory of the host's memory service.</param>
/// <param name="Offset">First byte, in bytes from the memory's start.</param>
/// <param name="Length">Length in bytes; positive.</param>
public readonly record struct MemorySegment(IHeapMemory Memory, long Offset, long Length)
{
    /// <summary>The whole of some memory in segments of at most a given length.</summary>
    /// <param name="memory">The memory.</param>
    /// <param name="maxSegmentBytes">Longest segment in bytes, 0 for no limit.</param>
    public static IReadOnlyList<MemorySegment> Cut(IHeapMemory memory, long maxSegmentBytes)
    {
        ArgumentNullException.ThrowIfNull(memory);
        if (maxSegmentBytes <= 0 || maxSegmentBytes >= memory.Length) return [new MemorySegment(memory, 0, memory.Length)];
        var segments = new List<MemorySegment>();
        Cut(memory, maxSegmentBytes, segments);
        return segments;
    }

    /// <summary>Adds the whole of some memory to a list, in segments of at most a given length.</summary>
    /// <param name="memory">The memory.</param>
    /// <param name="maxSegmentBytes">Longest segment in bytes, 0 for no limit.</param>
    /// <param name="segments">Receives the segments, in order.</param>
    public static void Cut(IHeapMemory memory, long maxSegmentBytes, ICollection<MemorySegment> segments)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(segments);
        var step = maxSegmentBytes <= 0 ? memory.Length : maxSegmentBytes;
        for (var offset = 0L; offset < memory.Length; offset += step)
        {
            segments.Add(new MemorySegment(memory, offset, Math.Min(step, memory.Length - offset)));
        }
    }
}

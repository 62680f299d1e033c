namespace DmaHeap.Testing.Conformance;

/// <summary>What an importer gets is the buffer.</summary>
internal sealed class OpsMap : ConformanceCase
{
    private const int Pages = 8;

    public override string Name => "ops-map";

    public override string Checks => "Map gives the whole buffer, each byte once, in ranges that lie inside their memory and are no longer and no more than the importer takes.";

    public override string Failure => "A device that is given too little, or ranges beyond the memory, reads and writes what is not the buffer's: look at what Map returns.";

    internal override void Check(CaseRun run)
    {
        using var buffer = run.Allocate(Pages * run.Heap.SmallLength);
        var imported = run.Import(buffer);
        var piece = imported.Memory.PageSize;
        CheckOne(imported, AttachConstraints.None);
        CheckOne(imported, new AttachConstraints { MaxSegmentBytes = piece });
        CheckOne(imported, new AttachConstraints { MaxSegmentBytes = 3 * piece });
        CheckOne(imported, new AttachConstraints { MaxSegmentBytes = imported.Length, MaxSegments = 1 });
    }

    private static void CheckOne(ImportedBuffer buffer, AttachConstraints constraints)
    {
        var (a, _) = Importer.Two(buffer);
        if (a.Attach(constraints) is not null) return;
        // A heap that gives its memory to nobody has a case of its own.
        if (a.Map() is null) CheckSegments(buffer, a.Segments, constraints);
        a.Detach();
    }

    private static void CheckSegments(ImportedBuffer buffer, IReadOnlyList<MemorySegment> segments, AttachConstraints constraints)
    {
        foreach (var segment in segments) CheckSegment(segment, constraints);
        var sum = segments.Sum(segment => segment.Length);
        if (sum < buffer.Length) throw new CaseFailure($"Map gives {sum} bytes of a buffer of {buffer.Length} (largest segment {Text(constraints.MaxSegmentBytes)})");
        if (constraints.MaxSegments > 0 && segments.Count > constraints.MaxSegments) throw new CaseFailure($"Map gives {segments.Count} segments to an importer that takes {constraints.MaxSegments}");
        if (FindOverlap(segments) is { } twice) throw new CaseFailure($"Map gives byte {twice.Offset} of a memory twice");
    }

    private static void CheckSegment(MemorySegment segment, AttachConstraints constraints)
    {
        if (segment.Memory is null) throw new CaseFailure("Map gives a segment of no memory");
        if (segment.Offset < 0 || segment.Length <= 0 || segment.Offset > segment.Memory.Length - segment.Length)
        {
            throw new CaseFailure($"Map gives {segment.Length} bytes from byte {segment.Offset} of a memory of {segment.Memory.Length}");
        }

        if (constraints.MaxSegmentBytes > 0 && segment.Length > constraints.MaxSegmentBytes)
        {
            throw new CaseFailure($"Map gives a segment of {segment.Length} bytes to an importer that takes {constraints.MaxSegmentBytes}");
        }
    }

    private static MemorySegment? FindOverlap(IReadOnlyList<MemorySegment> segments)
    {
        foreach (var ofOneMemory in segments.GroupBy(segment => segment.Memory))
        {
            var end = 0L;
            foreach (var segment in ofOneMemory.OrderBy(segment => segment.Offset))
            {
                if (segment.Offset < end) return segment;
                end = segment.Offset + segment.Length;
            }
        }

        return null;
    }

    private static string Text(long bytes) => bytes == 0 ? "any" : CaseRun.Text(bytes);
}

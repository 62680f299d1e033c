namespace DmaHeap.Heaps;

/// <summary>Memory that a fake has in several runs: what an importer without an IOMMU meets on a machine that has been up for weeks.</summary>
internal static class Runs
{
    private const int Most = 64;

    /// <summary>The runs in order, whole pages but for the last: one, two and three units by turns, where a unit is a page, or what keeps a large buffer at 64 runs or less.</summary>
    public static IReadOnlyList<MemorySegment> Of(IHeapMemory memory)
    {
        var pages = (memory.Length - 1) / memory.PageSize + 1;
        var unit = memory.PageSize * ((pages - 1) / Most + 1);
        var runs = new List<MemorySegment>();
        for (var at = 0L; at < memory.Length; at += runs[^1].Length)
        {
            runs.Add(new MemorySegment(memory, at, Math.Min(unit * (1 + (runs.Count % 3)), memory.Length - at)));
        }

        return runs;
    }

    /// <summary>The runs as an importer gets them, which may take shorter segments only.</summary>
    public static IReadOnlyList<MemorySegment> For(IHeapMemory memory, AttachConstraints constraints)
    {
        var step = constraints.SegmentStep(memory);
        return [.. Of(memory).SelectMany(run => Cut(run, step))];
    }

    private static IEnumerable<MemorySegment> Cut(MemorySegment run, long step)
    {
        for (var at = 0L; at < run.Length; at += step) yield return run with { Offset = run.Offset + at, Length = Math.Min(step, run.Length - at) };
    }
}

namespace DmaHeap.Testing.Conformance;

/// <summary>Whatever was asked for, a buffer has at least that much, in whole pages, and says how much.</summary>
internal sealed class Lengths : ConformanceCase
{
    public override string Name => "lengths";

    public override string Checks => "Buffers of odd and even sizes are at least as long as asked, whole pages, and as long as their file says.";

    public override string Failure => "Clients lay out frames by the length they asked for, and importers map whole pages: look at how the heap rounds.";

    internal override void Check(CaseRun run)
    {
        long page = Environment.SystemPageSize;
        foreach (var asked in new[] { 1, page - 1, page, page + 1, (3 * page) - 1, (5 * page) + 7, run.Heap.LargeLength - 1 }) CheckOne(run, asked);
    }

    private static void CheckOne(CaseRun run, long asked)
    {
        try
        {
            using var buffer = run.TryAllocate(asked);
            var file = RandomAccess.GetLength(buffer.Handle);
            if (buffer.Length < asked) throw new CaseFailure($"{asked} bytes were asked for and {buffer.Length} given");
            if (buffer.Length % buffer.PageSize != 0) throw new CaseFailure($"{asked} bytes were asked for and {buffer.Length} given, which are not whole pages of {buffer.PageSize}");
            if (file != buffer.Length) throw new CaseFailure($"{asked} bytes were asked for; the buffer says it has {buffer.Length} and its file {file}");
        }
        catch (HeapException refusal)
        {
            throw new CaseFailure($"{asked} bytes were refused ({refusal.Errno}, {refusal.Cause}: {refusal.Message})", refusal);
        }
    }
}

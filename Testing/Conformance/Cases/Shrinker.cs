using DmaHeap.Hosting.Heaps;

namespace DmaHeap.Testing.Conformance;

/// <summary>A heap that keeps memory back tells how much, and gives it back in truth.</summary>
internal sealed class Shrinker : ConformanceCase
{
    private const int Buffers = 4;

    public override string Name => "shrinker";

    public override string Checks => "Of a heap that implements IShrinker: Scan gives back what it says, Count falls by it, both end at nothing, and live buffers keep their content.";

    public override string Failure => "Under memory pressure the host asks heap after heap and stops when it was promised enough: a heap that lies gets other programs killed.";

    internal override void Check(CaseRun run)
    {
        if (run.Recorder.Inner.Shrinker() is not { } shrinker) throw new CaseDoesNotApply($"{run.Heap.Name} does not implement IShrinker");
        using var live = run.Allocate(run.Heap.SmallLength, "live");
        using var mapping = run.Promises(HeapCapabilities.CpuMappable) ? CaseRun.Map(live) : null;
        mapping?.Span.Fill(0x5A);
        for (var i = 0; i < Buffers; i++) run.Allocate(run.Heap.SmallLength).Dispose();
        run.AwaitEarlierReleases();
        run.AwaitAccounts(liveBuffers: 1);

        ScanOnce(run, shrinker, run.Heap.SmallLength);
        ScanOnce(run, shrinker, long.MaxValue);
        if (shrinker.Count() is not 0 and var kept) throw new CaseFailure($"Count says {kept} bytes after Scan was asked for all there is");
        if (shrinker.Scan(1) is not 0 and var again) throw new CaseFailure($"Scan says it gave {again} bytes back where Count says there are none");
        if (mapping?.ReadOnlySpan.IndexOfAnyExcept((byte)0x5A) is >= 0 and var changed) throw new CaseFailure($"byte {changed} of a live buffer changed when the heap shrank");
    }

    private static void ScanOnce(CaseRun run, IShrinker shrinker, long wanted)
    {
        var (count, memory) = (shrinker.Count(), run.MeasureMemory());
        if (count < 0) throw new CaseFailure($"Count says {count} bytes");
        var given = shrinker.Scan(wanted);
        if (given < 0) throw new CaseFailure($"Scan says it gave {given} bytes back");
        var fall = run.MeasureMemory().FallFrom(memory);
        if (given > fall) throw new CaseFailure($"Scan says it gave {given} bytes back, and the heap's memory in the host fell by {fall}");
        if (count - shrinker.Count() < Math.Min(given, count)) throw new CaseFailure($"Count went from {count} to {shrinker.Count()} when Scan gave {given} bytes back");
    }
}

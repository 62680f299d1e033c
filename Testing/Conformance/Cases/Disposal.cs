namespace DmaHeap.Testing.Conformance;

/// <summary>A heap goes quietly.</summary>
internal sealed class Disposal : ConformanceCase
{
    public override string Name => "disposal";

    public override string Checks => "A heap that was used and one that never was are disposed once, after their last buffer, without an exception.";

    public override string Failure => "A host that reconfigures itself disposes heaps while it runs: Dispose must free what the heap holds and not throw.";

    internal override void Check(CaseRun run)
    {
        for (var i = 0; i < 4; i++) run.Allocate(run.Heap.SmallLength).Dispose();
        run.AwaitReleases();
        StopAndExpect(run);
        using var unused = new CaseRun(run.Heap);
        StopAndExpect(unused);
    }

    private static void StopAndExpect(CaseRun run)
    {
        run.Stop();
        if (run.Recorder.DisposeFailure is { } failure) throw new CaseFailure($"Dispose threw {failure.GetType().Name}: {failure.Message}", failure);
        if (run.Recorder.Disposals != 1) throw new CaseFailure($"the heap was disposed {run.Recorder.Disposals} times");
    }
}

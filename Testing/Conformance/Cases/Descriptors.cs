namespace DmaHeap.Testing.Conformance;

/// <summary>Buffers that are gone leave nothing open.</summary>
internal sealed class Descriptors : ConformanceCase
{
    private const int Buffers = 8;

    public override string Name => "descriptors";

    public override string Checks => "After buffers came and went, no more descriptors of the heap's memory are open in the host than before.";

    public override string Failure => "A host that runs for weeks runs out of descriptors and memory: memory that the heap took and put into no buffer must be disposed.";

    internal override void Check(CaseRun run)
    {
        var before = run.CountDescriptors();
        for (var i = 0; i < Buffers; i++) run.Allocate(run.Heap.SmallLength).Dispose();
        run.AwaitReleases();
        run.AwaitAccounts();
        var left = run.CountDescriptors() - before;
        // What a heap keeps back on purpose it says, and gives up.
        if (left > 0 && run.TryShrink()) left = run.CountDescriptors() - before;
        if (left > 0) throw new CaseFailure($"{left} more descriptors of memory of the heap are open after all of its {Buffers} buffers were released");
    }
}

namespace DmaHeap.Testing.Conformance;

/// <summary>Buffers that are gone leave nothing open.</summary>
internal sealed class Descriptors : ConformanceCase
{
    private const int Buffers = 8;

    public override string Name => "descriptors";

    public override string Checks => "After buffers came and went, no descriptor of the heap's memory is open in the host.";

    public override string Failure => "A host that runs for weeks runs out of descriptors and memory: memory that the heap took and put into no buffer must be disposed.";

    internal override void Check(CaseRun run)
    {
        for (var i = 0; i < Buffers; i++) run.Allocate(run.Heap.SmallLength).Dispose();
        run.AwaitReleases();
        run.AwaitAccounts();
        if (run.CountDescriptors() is > 0 and var open) throw new CaseFailure($"{open} descriptors of memory of the heap are open after all of its {Buffers} buffers were released");
    }
}

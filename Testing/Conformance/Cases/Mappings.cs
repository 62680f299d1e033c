namespace DmaHeap.Testing.Conformance;

/// <summary>Buffers that are gone leave nothing mapped.</summary>
internal sealed class Mappings : ConformanceCase
{
    private const int Buffers = 8;

    public override string Name => "mappings";

    public override string Checks => "After buffers came and went, no memory of the heap is mapped in the host.";

    public override string Failure => "A mapping keeps memory as a descriptor does, and nobody sees it in /proc/PID/fd: what the heap maps it must unmap.";

    internal override void Check(CaseRun run)
    {
        var before = Count(run);
        for (var i = 0; i < Buffers; i++) run.Allocate(run.Heap.SmallLength).Dispose();
        run.AwaitReleases();
        run.AwaitAccounts();
        var left = Count(run) - before;
        if (left > 0 && run.TryShrink()) left = Count(run) - before;
        if (left > 0) throw new CaseFailure($"{left} mappings of memory of the heap are left after all of its {Buffers} buffers were released");
    }

    private static int Count(CaseRun run) => File.ReadLines("/proc/self/maps").Count(line => line.IndexOf('/') is >= 0 and var path && run.IsOurs(line[path..]));
}

namespace DmaHeap.Testing.Conformance;

/// <summary>A heap that keeps its memory to itself says so in one way.</summary>
internal sealed class OpsRefusal : ConformanceCase
{
    private const int Times = 3;
    private static readonly DataDirection[] s_directions = [DataDirection.Bidirectional, DataDirection.ToDevice, DataDirection.FromDevice];

    public override string Name => "ops-refusal";

    public override string Checks => "A heap that gives its memory to importers does so each time; one that does not refuses Map with EPERM, each time and for every direction.";

    public override string Failure => "An importer takes EPERM for an answer and any other errno for trouble worth another try: a refusal that changes is a leak, or a program that never ends.";

    internal override void Check(CaseRun run)
    {
        using var buffer = run.Allocate(run.Heap.SmallLength);
        var imported = run.Import(buffer);
        var answers = new List<HeapException?>();
        for (var i = 0; i < Times; i++)
        {
            foreach (var direction in s_directions) answers.Add(Ask(imported, direction));
        }

        var refusals = answers.OfType<HeapException>().ToList();
        if (refusals.Count is not 0 && refusals.Count != answers.Count) throw new CaseFailure($"Map refused {refusals.Count} of {answers.Count} times", refusals[0]);
        if (refusals.Find(refusal => refusal.Errno != HeapErrno.NotPermitted) is { } other) throw new CaseFailure($"Map is refused with {other.Errno} ({other.Cause}: {other.Message})", other);
    }

    private static HeapException? Ask(ImportedBuffer buffer, DataDirection direction)
    {
        var (a, _) = Importer.Two(buffer);
        if (a.Attach(direction: direction) is { } early) return early;
        var refusal = a.Map(direction);
        a.Detach();
        return refusal;
    }
}

namespace DmaHeap.Testing.Conformance;

/// <summary>The ops in every order that is legal.</summary>
internal sealed class OpsOrder : ConformanceCase
{
    private static readonly DataDirection[] s_directions = [DataDirection.Bidirectional, DataDirection.ToDevice, DataDirection.FromDevice];

    public override string Name => "ops-order";

    public override string Checks => "Two importers attach, map, unmap and detach in any order, again and again, with CPU access in between, and the heap goes along.";

    public override string Failure => "The host keeps importers to the order of the ops and to nothing more: the heap may rely on no order among importers, nor on being mapped once.";

    internal override void Check(CaseRun run)
    {
        using var buffer = run.Allocate(run.Heap.SmallLength);
        var imported = run.Import(buffer);
        foreach (var direction in s_directions)
        {
            AttachAlone(imported, direction);
            MapAgain(imported, direction);
            LastInFirstOut(imported, direction);
            FirstInFirstOut(imported, direction);
            AccessAcross(imported, direction);
        }
    }

    private static void AttachAlone(ImportedBuffer buffer, DataDirection direction)
    {
        var (a, _) = Importer.Two(buffer);
        Attach(a, direction);
        a.Detach();
    }

    private static void MapAgain(ImportedBuffer buffer, DataDirection direction)
    {
        var (a, _) = Importer.Two(buffer);
        Attach(a, direction);
        for (var i = 0; i < 3; i++)
        {
            a.Map(direction);
            a.Unmap();
        }

        a.Detach();
    }

    private static void LastInFirstOut(ImportedBuffer buffer, DataDirection direction)
    {
        var (a, b) = Importer.Two(buffer);
        Attach(a, direction);
        b.Attach(direction: direction);
        a.Map(direction);
        b.Map(direction);
        b.Unmap();
        a.Unmap();
        b.Detach();
        a.Detach();
    }

    // The second comes when the first is mapped already; a heap may have it wait (EBUSY).
    private static void FirstInFirstOut(ImportedBuffer buffer, DataDirection direction)
    {
        var (a, b) = Importer.Two(buffer);
        Attach(a, direction);
        a.Map(direction);
        b.Attach(direction: direction);
        b.Map(direction);
        a.Detach();
        b.Detach();
    }

    private static void AccessAcross(ImportedBuffer buffer, DataDirection direction)
    {
        var (a, _) = Importer.Two(buffer);
        a.BeginCpuAccess(direction);
        Attach(a, direction);
        a.EndCpuAccess(direction);
        a.Map(direction);
        a.BeginCpuAccess(direction);
        a.Unmap();
        a.Detach();
        a.EndCpuAccess(direction);
    }

    private static void Attach(Importer importer, DataDirection direction)
    {
        if (importer.Attach(direction: direction) is { } refusal)
        {
            throw new CaseFailure($"an importer that takes anything cannot attach for {direction} ({refusal.Errno}, {refusal.Cause}: {refusal.Message})", refusal);
        }
    }
}

namespace DmaHeap.Testing.Conformance;

/// <summary>Importers are refused that the memory cannot serve.</summary>
internal sealed class OpsConstraints : ConformanceCase
{
    private const int Pages = 8;

    public override string Name => "ops-constraints";

    public override string Checks => "Constraints that no memory meets are refused when the importer attaches or maps, with EINVAL or EBUSY, and one that takes anything is not.";

    public override string Failure => "A device that cannot use the memory corrupts it or hangs: call AttachConstraints.ThrowIfNotMetBy where Attach is overridden.";

    internal override void Check(CaseRun run)
    {
        using var buffer = run.Allocate(Pages * run.Heap.SmallLength);
        var imported = run.Import(buffer);
        var page = imported.Memory.PageSize;
        if (!GivesToAnybody(imported)) return;
        ExpectRefusal(imported, new AttachConstraints { Alignment = 1L << 50 }, "an alignment of 1 PiB");
        ExpectRefusal(imported, new AttachConstraints { MaxSegments = 1, MaxSegmentBytes = page }, "one segment of one page");
        ExpectRefusal(imported, new AttachConstraints { Contiguous = true, Alignment = 1L << 50 }, "contiguous memory aligned to 1 PiB");
        if (!GivesToAnybody(imported)) throw new CaseFailure("after importers that cannot be served were refused, nor can one that takes anything");
    }

    private static bool GivesToAnybody(ImportedBuffer buffer)
    {
        var (a, _) = Importer.Two(buffer);
        var given = a.Attach() is null && a.Map() is null;
        a.Detach();
        return given;
    }

    private static void ExpectRefusal(ImportedBuffer buffer, AttachConstraints constraints, string what)
    {
        var (a, _) = Importer.Two(buffer);
        var refusal = a.Attach(constraints) ?? a.Map();
        a.Detach();
        if (refusal is null) throw new CaseFailure($"an importer that needs {what} is given a buffer of {CaseRun.Text(buffer.Length)} in pages of {CaseRun.Text(buffer.Memory.PageSize)}");
        if (refusal.Errno is not (HeapErrno.Invalid or HeapErrno.Busy)) throw new CaseFailure($"an importer that needs {what} is refused with {refusal.Errno}", refusal);
    }
}

using DmaHeap.Hosting.Ops;

namespace DmaHeap.Hosting.Importers;

/// <summary>One vmap.</summary>
internal sealed class VirtualMapping(Importer importer, KeptTable table) : KeptBuffer(importer, table)
{
    private MemorySegment? _mapped;

    public override bool HasBegun => _mapped is not null;

    public override void Begin(OpCall call)
    {
        try
        {
            Map(call);
        }
        catch (HeapException refusal)
        {
            Importer.LogRefusal(call, nameof(HeapBuffer.Vmap), "", refusal);
            throw;
        }

        Record.Tie(this);
        call.Undo = static call =>
        {
            var mapping = call.Subject.Kept!;
            mapping.Table.TryRemove(call.Subject.Number, mapping);
            mapping.EndQuietly(call);
        };
    }

    public override void End(OpCall call)
    {
        try
        {
            Unmap(call);
        }
        finally
        {
            LetGo();
        }
    }

    /// <summary>The importer has plain memory from now on, and hands that back one day.</summary>
    public override void EndWithHeap(OpCall call)
    {
        if (_mapped is null) return;
        UnmapQuietly(call);
        _mapped = new MemorySegment(Record.Memory, 0, Record.Length);
    }

    protected override void Forget() => _mapped = null;

    private void Map(OpCall call)
    {
        var segment = Importer.Ops.Vmap(call);
        _mapped = segment;
        try
        {
            new SegmentOpening(Importer.Ops, call, nameof(HeapBuffer.Vmap)).OpenWhole(segment, this);
        }
        catch
        {
            UnmapQuietly(call);
            throw;
        }
    }

    private void Unmap(OpCall call)
    {
        if (_mapped is not { } segment) return;
        _mapped = null;
        Importer.Ops.Vunmap(call, segment);
    }

    private void UnmapQuietly(OpCall call) => Quietly(this, call, static (kept, call) => kept.Unmap(call));
}

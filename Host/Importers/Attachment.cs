using DmaHeap.Hosting.Ops;

namespace DmaHeap.Hosting.Importers;

/// <summary>One attachment, and its mapping.</summary>
internal sealed class Attachment(Importer importer, KeptTable table) : KeptBuffer(importer, table)
{
    private AttachConstraints _constraints = AttachConstraints.None;
    private DataDirection _direction;
    private string _executable = "";
    private bool _hasBegun;
    private BufferAttachment? _given; // null where the heap has no ops for importers, or not any more
    private IReadOnlyList<MemorySegment>? _mapped; // what the heap is to unmap; empty where there is no heap
    private DataDirection _mappedDirection;

    public override bool HasBegun => _hasBegun;

    /// <summary>What is asked for, before it begins.</summary>
    public void Ask(AttachConstraints constraints, DataDirection direction) => (_constraints, _direction) = (constraints, direction);

    public override void Begin(OpCall call)
    {
        call.Shown = Shown;
        _executable = Record.Heap.HasImporterHooks(Record.Buffer) ? Importer.Executable() : "";
        try
        {
            var request = new AttachRequest { Importer = Importer.Caller, ImporterExecutable = _executable, Constraints = _constraints, Direction = _direction };
            _given = Importer.Ops.Attach(call, request);
        }
        catch (HeapException refusal)
        {
            Importer.LogRefusal(call, nameof(HeapBuffer.Attach), _executable, refusal);
            throw;
        }

        _hasBegun = true;
        Record.Attached();
        Record.Tie(this);
    }

    /// <summary>Gives the importer the memory.</summary>
    /// <exception cref="HeapException">It is mapped, or was made for another direction; or the heap refused or failed.</exception>
    public void Map(OpCall call, ulong number, DataDirection direction)
    {
        if (_mapped is not null) throw new HeapException(HeapErrno.Busy, HeapCause.AlreadyMapped, $"attachment {number} is mapped already: unmap it first");
        if (_direction != DataDirection.Bidirectional && direction != _direction)
        {
            throw new HeapException(HeapErrno.Invalid, HeapCause.BadRequest, $"attachment {number} was made for {_direction} and is mapped for {direction}");
        }

        try
        {
            Map(call, direction);
        }
        catch (HeapException refusal)
        {
            Importer.LogRefusal(call, nameof(HeapBuffer.Map), _executable, refusal);
            throw;
        }
    }

    /// <summary>Takes the mapping back.</summary>
    /// <exception cref="HeapException">It is not mapped; or the heap failed, and it is not mapped any more.</exception>
    public void Unmap(OpCall call, ulong number)
    {
        if (_mapped is null) throw new HeapException(HeapErrno.Invalid, HeapCause.BadOrder, $"attachment {number} is not mapped");
        call.Shown = Shown;
        Unmap(call);
    }

    public override void End(OpCall call)
    {
        call.Shown = Shown;
        try
        {
            try
            {
                Unmap(call);
            }
            finally
            {
                if (_hasBegun) Importer.Ops.Detach(call, _given);
            }
        }
        finally
        {
            LetGo();
            _hasBegun = false;
        }
    }

    public override void EndWithHeap(OpCall call)
    {
        if (!_hasBegun) return;
        var wasMapped = _mapped is not null;
        UnmapQuietly(call);
        Quietly(this, call, static (kept, call) => kept.Importer.Ops.Detach(call, kept._given));
        _given = null;
        if (wasMapped) _mapped = [];
    }

    protected override void OnLetGo()
    {
        if (_hasBegun) Record.Detached();
    }

    protected override void Forget()
    {
        (_constraints, _executable, _given, _mapped) = (AttachConstraints.None, "", null, null);
        _hasBegun = false;
    }

    private void Map(OpCall call, DataDirection direction)
    {
        call.Shown = Shown;
        var segments = Importer.Ops.Map(call, _given, _constraints, direction);
        (_mapped, _mappedDirection) = (_given is null ? [] : segments, direction);
        call.Undo = static call => ((Attachment)call.Subject.Kept!).UnmapQuietly(call);
        try
        {
            new SegmentOpening(Importer.Ops, call, nameof(HeapBuffer.Map)).Open(segments, _constraints, direction, this);
        }
        catch
        {
            UnmapQuietly(call);
            throw;
        }
    }

    private void Unmap(OpCall call)
    {
        if (_mapped is not { } segments) return;
        _mapped = null; // it counts as done even when the heap throws
        Importer.Ops.Unmap(call, _given, segments, _mappedDirection);
    }

    private void UnmapQuietly(OpCall call) => Quietly(this, call, static (kept, call) => kept.Unmap(call));
}

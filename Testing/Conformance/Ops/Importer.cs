namespace DmaHeap.Testing.Conformance;

/// <summary>
/// One importer of a buffer, which calls the heap's ops as the host does: never out of order, one at a time. What a heap refuses comes back as a refusal,
/// what it throws besides that fails the case.
/// </summary>
internal sealed class Importer(ImportedBuffer imported, string name, Caller caller)
{
    private readonly HeapBuffer _buffer = imported.Buffer;
    private BufferAttachment? _attachment;
    private IReadOnlyList<MemorySegment>? _segments;
    private DataDirection _direction;

    /// <summary>Two importers, which are different processes to the heap.</summary>
    public static (Importer A, Importer B) Two(ImportedBuffer imported) =>
        (new Importer(imported, "A", ThisProcess.Caller), new Importer(imported, "B", ThisProcess.Caller with { ProcessId = 1 }));

    public bool IsAttached => _attachment is not null;

    public bool IsMapped => _segments is not null;

    public IReadOnlyList<MemorySegment> Segments => _segments ?? [];

    /// <summary>Attaches.</summary>
    /// <returns>How the heap refused; null when it did not.</returns>
    public HeapException? Attach(AttachConstraints? constraints = null, DataDirection direction = DataDirection.Bidirectional)
    {
        var request = new AttachRequest { Importer = caller, Constraints = constraints ?? AttachConstraints.None, Direction = direction };
        var refusal = Try("Attach", () => _attachment = _buffer.Attach(in request));
        if (refusal is null && _attachment is null) throw new CaseFailure($"Attach of importer {name} returned null");
        return refusal;
    }

    /// <summary>Maps, when attached.</summary>
    /// <returns>How the heap refused; null when it did not.</returns>
    public HeapException? Map(DataDirection direction = DataDirection.Bidirectional)
    {
        if (_attachment is null) return null;
        _direction = direction;
        var refusal = Try("Map", () => _segments = _buffer.Map(_attachment, direction));
        if (refusal is null && _segments is null) throw new CaseFailure($"Map of importer {name} returned null");
        return refusal;
    }

    /// <summary>Unmaps, when mapped.</summary>
    public void Unmap()
    {
        if (_segments is not { } segments) return;
        _segments = null;
        Must("Unmap", () => _buffer.Unmap(_attachment!, segments, _direction));
    }

    /// <summary>Leaves in the order the host keeps to, also for one that died.</summary>
    public void Detach()
    {
        Unmap();
        if (_attachment is not { } attachment) return;
        _attachment = null;
        Must("Detach", () => _buffer.Detach(attachment));
    }

    public void BeginCpuAccess(DataDirection direction) => Must("BeginCpuAccess", () => imported.BeginCpuAccess(direction, caller));

    public void EndCpuAccess(DataDirection direction) => Must("EndCpuAccess", () => imported.EndCpuAccess(direction, caller));

    private void Must(string op, Action call)
    {
        if (Try(op, call) is { } refusal) throw new CaseFailure($"{op} of importer {name} was refused ({refusal.Errno}, {refusal.Cause}: {refusal.Message})", refusal);
    }

    private HeapException? Try(string op, Action call)
    {
        try
        {
            call();
            return null;
        }
        catch (HeapException refusal)
        {
            RefusalForm.Check(refusal);
            return refusal;
        }
        catch (Exception fault) when (fault is not CaseFailure)
        {
            throw new CaseFailure($"{op} of importer {name} threw {fault.GetType().Name}: {fault.Message}", fault);
        }
    }
}

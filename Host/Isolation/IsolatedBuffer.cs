using DmaHeap.Hosting.Heaps;

namespace DmaHeap.Hosting.Isolation;

/// <summary>
/// A buffer whose heap is in a worker. The memory is the host's; the worker is asked for what the buffer's class there does in a way of its own, and nothing else. After the
/// worker's end such ops fail, and what undoes something is done.
/// </summary>
internal sealed class IsolatedBuffer(WorkerSession session, ulong number, ulong memoryNumber, IHeapMemory memory, BufferHooks hooks, MmapPolicy policy) : HeapBuffer(memory), IHookedBuffer
{
    // Of 4 KiB each in 4 GiB; more is no honest answer.
    private const int MostSegments = 1 << 20;

    private ulong _lastAttachment;

    public BufferHooks Hooks => hooks;

    public WorkerSession Session => session;

    public ulong Number => number;

    public ulong MemoryNumber => memoryNumber;

    public override MmapPolicy MmapPolicy => policy;

    public override BufferAttachment Attach(in AttachRequest request)
    {
        if (!hooks.HasFlag(BufferHooks.Importer)) return base.Attach(in request);
        var attachment = new IsolatedAttachment(in request, ++_lastAttachment);
        using var call = Begin(WireKind.Attach);
        call.Message.Number(attachment.Number).Write(in request);
        call.Complete();
        return attachment;
    }

    public override void Detach(BufferAttachment attachment)
    {
        if (attachment is IsolatedAttachment isolated) Undo(WireKind.Detach, to => to.Number(isolated.Number));
    }

    public override IReadOnlyList<MemorySegment> Map(BufferAttachment attachment, DataDirection direction)
    {
        if (attachment is not IsolatedAttachment isolated) return base.Map(attachment, direction);
        var segments = new List<MemorySegment>();
        using var call = Begin(WireKind.Map);
        call.Message.Number(isolated.Number).Int((int)direction);
        call.CompleteInParts(from =>
        {
            var count = from.Count(3 * sizeof(long));
            if (segments.Count + count > MostSegments) throw new WireException($"mapped a buffer in more than {MostSegments} segments");
            for (var i = 0; i < count; i++) segments.Add(ReadSegment(from));
        });
        return segments;
    }

    public override void Unmap(BufferAttachment attachment, IReadOnlyList<MemorySegment> segments, DataDirection direction)
    {
        if (attachment is IsolatedAttachment isolated) Undo(WireKind.Unmap, to => to.Number(isolated.Number).Int((int)direction));
    }

    public override void BeginCpuAccess(in CpuAccess access)
    {
        if (!hooks.HasFlag(BufferHooks.CpuAccess)) return;
        using var call = Begin(WireKind.BeginCpuAccess);
        call.Message.Write(in access);
        call.Complete();
    }

    public override void EndCpuAccess(in CpuAccess access)
    {
        if (!hooks.HasFlag(BufferHooks.CpuAccess)) return;
        var ended = access;
        Undo(WireKind.EndCpuAccess, to => to.Write(in ended));
    }

    public override MemorySegment Vmap()
    {
        if (!hooks.HasFlag(BufferHooks.Vmap)) return base.Vmap();
        using var call = Begin(WireKind.Vmap);
        return call.Complete(ReadSegment);
    }

    public override void Vunmap(MemorySegment mapping)
    {
        // Of memory that the heap has disposed since there is nothing the worker could be told.
        if (!hooks.HasFlag(BufferHooks.Vmap) || session.Memory.NumberOf(mapping.Memory) is not { } of) return;
        Undo(WireKind.Vunmap, to => to.Number(of).Long(mapping.Offset).Long(mapping.Length));
    }

    private MemorySegment ReadSegment(WireReader from) => new(session.Memory.Find(from.Number()), from.Long(), from.Long());

    private WorkerCall Begin(WireKind kind)
    {
        var call = session.Begin(kind);
        call.Message.Number(number);
        return call;
    }

    private void Undo(WireKind kind, Action<WireWriter> write) => session.Undo(kind, to =>
    {
        to.Number(number);
        write(to);
    });
}

/// <summary>An attachment whose own object is in a worker, under a number of its buffer's.</summary>
internal sealed class IsolatedAttachment(in AttachRequest request, ulong number) : BufferAttachment(in request)
{
    public ulong Number => number;
}

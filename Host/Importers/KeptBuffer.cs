using DmaHeap.Hosting.Buffers;
using DmaHeap.Hosting.Ops;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Importers;

/// <summary>An importer's hold on a buffer: the descriptor it showed is kept, and so the buffer is not released. Taken within the limits, given up once.</summary>
internal abstract class KeptBuffer(BufferRecord record, SafeFileHandle shown, uint userId, ImportLimits limits)
{
    private Action<OpCall>? _heapEnding;
    private int _letGo;

    public BufferRecord Record => record;

    /// <summary>The descriptor the importer showed; owned by this object.</summary>
    public SafeFileHandle Shown => shown;

    /// <summary>Gives the buffer up. Safe to call more than once and from any thread.</summary>
    public void LetGo()
    {
        if (Interlocked.Exchange(ref _letGo, 1) != 0) return;
        record.HeapEnding -= _heapEnding;
        OnLetGo();
        limits.Return(userId);
        shown.Dispose();
    }

    protected virtual void OnLetGo()
    {
    }

    /// <summary>Has the hold undone with the heap, in the buffer's turn, should that lose the buffer before the hold ends.</summary>
    protected void Follow(Action<OpCall> heapEnding)
    {
        _heapEnding = heapEnding;
        record.HeapEnding += heapEnding;
    }
}

/// <summary>One attachment. What changes is touched only by whoever has the buffer's turn.</summary>
internal sealed class Attachment(BufferRecord record, SafeFileHandle shown, uint userId, ImportLimits limits, AttachConstraints constraints, DataDirection direction)
    : KeptBuffer(record, shown, userId, limits)
{
    public AttachConstraints Constraints => constraints;

    public DataDirection Direction => direction;

    /// <summary>What the heap returned; null before it did, and for good when it refused.</summary>
    public BufferAttachment? Given { get; private set; }

    /// <summary>What the heap mapped; null while it is not mapped.</summary>
    public IReadOnlyList<MemorySegment>? Mapped { get; set; }

    /// <summary>For which direction it is mapped.</summary>
    public DataDirection MappedDirection { get; set; }

    /// <summary>Notes that the heap let the importer in.</summary>
    /// <param name="given">What it returned.</param>
    /// <param name="heapEnding">Undoes the attachment with the heap, should that end before the attachment does.</param>
    public void Begin(BufferAttachment given, Action<OpCall> heapEnding)
    {
        Given = given;
        Record.Attached();
        Follow(heapEnding);
    }

    /// <summary>The heap has ended, and with it what it knew of the attachment: it goes on as one to plain memory.</summary>
    public void GoOnWithoutHeap()
    {
        if (Given is not { } given) return;
        Given = new BufferAttachment(new AttachRequest
        {
            Importer = given.Importer, ImporterExecutable = given.ImporterExecutable, Constraints = given.Constraints, Direction = given.Direction,
        });
        if (Mapped is not null) Mapped = [];
    }

    protected override void OnLetGo()
    {
        if (Given is not null) Record.Detached();
    }
}

/// <summary>One vmap. What changes is touched only by whoever has the buffer's turn.</summary>
internal sealed class VirtualMapping(BufferRecord record, SafeFileHandle shown, uint userId, ImportLimits limits)
    : KeptBuffer(record, shown, userId, limits)
{
    /// <summary>What the heap returned; null before it did, and after it was taken back.</summary>
    public MemorySegment? Mapped { get; set; }

    /// <summary>Notes what the heap gave.</summary>
    /// <param name="segment">The memory.</param>
    /// <param name="heapEnding">Takes it back from the importer's side, should the heap end before that does.</param>
    public void Begin(MemorySegment segment, Action<OpCall> heapEnding)
    {
        Mapped = segment;
        Follow(heapEnding);
    }

    /// <summary>The heap has ended: the importer has plain memory, and hands that back one day.</summary>
    public void GoOnWithoutHeap() => Mapped = new MemorySegment(Record.Memory, 0, Record.Length);
}

using System.Diagnostics.CodeAnalysis;
using DmaHeap.Hosting.Heaps;
using DmaHeap.Hosting.Memory;
using DmaHeap.Hosting.Ops;

namespace DmaHeap.Hosting.Buffers;

/// <summary>
/// The framework's own state of one live buffer; a plugin never sees it. One object a buffer, kept small: a host may have a hundred thousand. <see cref="BufferRecords"/> makes it.
/// </summary>
internal sealed class BufferRecord
{
    private volatile HeapBuffer _buffer = ReleasedBuffer.Instance;
    private int _state;
    private int _attachments;
    private int _holders;
    private volatile bool _wasFound;
    private OpTurn _turn;
    private HeapTies _ties;

    /// <summary>A buffer begins: it is nobody's but the caller's.</summary>
    public void Begin(ulong sequence, HeapSlot heap, HeapBuffer buffer, HostMemory memory, Caller owner, string name, long createdAt)
    {
        (Sequence, Heap, _buffer, Memory, Owner, Name, CreatedAt) = (sequence, heap, buffer, memory, owner, name, createdAt);
        (Length, IsOpaque, Watch, _holders) = (memory.Length, false, 0, 2);
        Volatile.Write(ref _state, (int)BufferState.Allocating);
    }

    /// <summary>A buffer of a host before this one begins.</summary>
    public void BeginAdopted(ulong sequence, HeapSlot heap, HostMemory memory, Caller owner, string name, long adoptedAt)
    {
        Begin(sequence, heap, new HeapBuffer(memory), memory, owner, name, adoptedAt);
        (IsAdopted, IsWithoutHeap, _wasFound) = (true, true, true);
        MarkExported();
    }

    /// <summary>Others than who allocated it, and who releases it, may know it from now on. Under the table's lock, or before it is there.</summary>
    public void MarkFound() => _wasFound = true;

    /// <summary>One of the two who have it lets go. True when it was the last, and nobody else ever had it.</summary>
    /// <param name="memory">What the record had, which nobody has any more either.</param>
    public bool TryEnd([NotNullWhen(true)] out HostMemory? memory)
    {
        memory = null;
        if (Interlocked.Decrement(ref _holders) != 0 || _wasFound || State != BufferState.Released) return false;
        memory = Memory;
        (Heap, Memory, Owner, Name) = (null!, null!, Caller.Unknown, ""); // a plugin's, or a client's
        return true;
    }

    /// <summary>Whether it was made by a host before this one.</summary>
    public bool IsAdopted { get; private set; }

    /// <summary>Counts the buffers of this host; the lower half of the public id.</summary>
    public ulong Sequence { get; private set; }

    public HeapSlot Heap { get; private set; } = null!;

    /// <summary>The heap's own object: the very one its <c>Allocate</c> returned, until it is released to its heap.</summary>
    public HeapBuffer Buffer => _buffer;

    public HostMemory Memory { get; private set; } = null!;

    public Caller Owner { get; private set; } = Caller.Unknown;

    /// <summary>Name given by a client; may change, the last one wins.</summary>
    public string Name { get; set; } = "";

    /// <summary>Timestamp of the host's clock.</summary>
    public long CreatedAt { get; private set; }

    public long Length { get; private set; }

    /// <summary>Whether the client's descriptor only stands for the buffer.</summary>
    public bool IsOpaque { get; set; }

    /// <summary>The inotify watch, and the key under which the table finds it. 0 until it is watched.</summary>
    public int Watch { get; set; }

    public BufferState State => (BufferState)Volatile.Read(ref _state);

    public void MarkExported() => Volatile.Write(ref _state, (int)BufferState.Exported);

    /// <summary>Claims the one release there is. True for exactly one caller.</summary>
    public bool TryBeginRelease()
    {
        while (true)
        {
            var state = Volatile.Read(ref _state);
            if (state >= (int)BufferState.Releasing) return false;
            if (Interlocked.CompareExchange(ref _state, (int)BufferState.Releasing, state) == state) return true;
        }
    }

    public void MarkReleased()
    {
        Volatile.Write(ref _state, (int)BufferState.Released);
        _buffer = ReleasedBuffer.Instance;
    }

    /// <summary>True when its heap ended before it did. It lives on without one: its ops are the defaults, and its end is the host's affair alone.</summary>
    public bool IsWithoutHeap { get; private set; }

    /// <summary>Takes the heap's object away from a living buffer, in its turn. Null when it is being released, or that was done.</summary>
    public HeapBuffer? TakeFromHeap()
    {
        if (IsWithoutHeap || State != BufferState.Exported) return null;
        IsWithoutHeap = true;
        var taken = _buffer;
        _buffer = new HeapBuffer(Memory);
        return taken;
    }

    /// <summary>Has it undone with the heap, should that lose the buffer before it is untied.</summary>
    public void Tie(HeapTie tie)
    {
        lock (this) _ties.Add(tie);
    }

    public void Untie(HeapTie tie)
    {
        lock (this) _ties.Remove(tie);
    }

    /// <summary>The heap is about to lose the buffer, whose turn this is: has all that its ops gave undone, the latest first.</summary>
    public void EndImports(OpCall call)
    {
        HeapTie[] ties;
        lock (this) ties = _ties.LatestFirst();
        foreach (var tie in ties) tie.EndWithHeap(call);
    }

    /// <summary>Importers attached.</summary>
    public int Attachments => Volatile.Read(ref _attachments);

    public void Attached() => Interlocked.Increment(ref _attachments);

    public void Detached() => Interlocked.Decrement(ref _attachments);

    /// <summary>Its ops, one at a time.</summary>
    public ref OpTurn Turn => ref _turn;
}

/// <summary>A buffer's life, in order. There is no way back.</summary>
internal enum BufferState
{
    Allocating = 0,
    Exported = 1,
    Releasing = 2,
    Released = 3,
}

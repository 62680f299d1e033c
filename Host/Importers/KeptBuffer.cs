using DmaHeap.Hosting.Buffers;
using DmaHeap.Hosting.Ops;
using DmaHeap.Linux;

namespace DmaHeap.Hosting.Importers;

/// <summary>
/// An importer's hold on a buffer: the descriptor it showed is kept, and so the buffer is not released. Taken within the limits, given up once. What is not said to be safe from any
/// thread is touched only by whoever has the buffer's turn.
/// </summary>
/// <remarks>
/// Used again by its importer, once nobody has it: neither the table of numbers nor any call. A call that was given up has it for good, so that neither the watchdog nor a thread that
/// comes back late finds another attachment in its place.
/// </remarks>
internal abstract class KeptBuffer(Importer importer, KeptTable table) : HeapTie
{
    private int _holders;
    private int _letGo;

    public Importer Importer => importer;

    /// <summary>Where its number is.</summary>
    public KeptTable Table => table;

    public BufferRecord Record { get; private set; } = null!;

    /// <summary>The descriptor the importer showed.</summary>
    public ReusableDescriptor Shown { get; } = new();

    /// <summary>True between a <see cref="Begin"/> that succeeded and the end.</summary>
    public abstract bool HasBegun { get; }

    /// <summary>A hold begins. The table has it, and the call that is to begin it with the heap.</summary>
    /// <param name="record">The buffer.</param>
    /// <param name="shown">Empty from then on.</param>
    public void Keep(BufferRecord record, ReusableDescriptor shown)
    {
        Shown.TakeFrom(shown);
        (Record, _holders) = (record, 2);
        Volatile.Write(ref _letGo, 0);
    }

    /// <summary>Another call has it. For who knows that somebody has it.</summary>
    public void Join() => Interlocked.Increment(ref _holders);

    /// <summary>A call that had it is over. Any thread.</summary>
    public void Leave()
    {
        if (Interlocked.Decrement(ref _holders) != 0 || Volatile.Read(ref _letGo) == 0) return;
        Record = null!;
        Forget();
        table.AddSpare(this);
    }

    /// <summary>Begins it with the heap, which may refuse: then it is to be let go.</summary>
    public abstract void Begin(OpCall call);

    /// <summary>Ends it with the heap, as far as it began, and lets the buffer go whatever the heap throws.</summary>
    public abstract void End(OpCall call);

    /// <exception cref="HeapException">It came to nothing, or is over.</exception>
    public void ThrowIfNotBegun(OpCall call)
    {
        if (!HasBegun) throw table.NotThere(call.Subject.Number);
    }

    /// <summary>Ends it where nobody is left to be told.</summary>
    public void EndQuietly(OpCall call) => Quietly(this, call, static (kept, call) => kept.End(call));

    /// <summary>Gives the buffer up, unless that was done.</summary>
    public void LetGo()
    {
        if (TryLetGo()) Shown.Clear();
    }

    /// <summary>Gives the buffer up while a heap that does not come back may be at the descriptor. Any thread.</summary>
    public void Abandon()
    {
        if (TryLetGo()) Shown.Dispose();
    }

    /// <summary>Undoes something where nobody is left to be told. What the heap throws is in the log.</summary>
    protected static void Quietly<T>(T kept, OpCall call, Action<T, OpCall> undo)
    {
        try
        {
            undo(kept, call);
        }
        catch (HeapException)
        {
        }
    }

    /// <summary>Drops what it refers to.</summary>
    protected abstract void Forget();

    protected virtual void OnLetGo()
    {
    }

    private bool TryLetGo()
    {
        if (Interlocked.Exchange(ref _letGo, 1) != 0) return false;
        Record.Untie(this);
        OnLetGo();
        importer.Limits.Return(importer.Caller.UserId);
        return true;
    }
}

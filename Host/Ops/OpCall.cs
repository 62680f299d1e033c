using System.Runtime.InteropServices;
using DmaHeap.Hosting.Buffers;
using DmaHeap.Hosting.Importers;
using DmaHeap.Linux;

namespace DmaHeap.Hosting.Ops;

/// <summary>
/// One request that needs ops of a buffer: what is to be done when its turn comes, and who is told. It is answered once, by the thread that carries it out, or by the watchdog
/// when the heap does not come back: whichever is first.
/// </summary>
/// <remarks>
/// Used again: a thread keeps one that it has carried out for the next request it reads, so that ops leave nothing on the managed heap. One that was given up, or may be, is not: the
/// watchdog may be at it.
/// </remarks>
internal sealed class OpCall
{
    private const int OutOfHeap = 0, InHeap = 1, Lost = 2, States = 4;

    [ThreadStatic]
    private static OpCall? t_spare;

    private Action<OpCall> _body = null!;
    private OpAsker _asker;
    private RequestId _request;
    private MappedMemory? _memory;
    private ReusableDescriptor? _kept;
    private long _place; // a state, and above it how often the heap was entered: so one stay there is never taken for another
    private int _answered;

    private OpCall()
    {
    }

    public BufferRecord Record { get; private set; } = null!;

    public IOpReply Reply => _asker.Reply;

    /// <summary>False for what must be done sooner or later, however long it takes until the heap is back: a release.</summary>
    public bool MayBeGivenUp { get; set; } = true;

    /// <summary>Done in place of the body, or of the rest of it, when the heap is given up.</summary>
    public Action<OpCall>? WhenGivenUp { get; set; }

    /// <summary>Undoes what the body did when its result cannot be handed over. Set by the body.</summary>
    public Action<OpCall>? Undo { get; set; }

    /// <summary>The descriptor with which the op was asked for, open as long as it takes; null when nobody is there any more who showed one. Set by the body, or kept by the call itself.</summary>
    public SafeHandle? Shown { get; set; }

    /// <summary>What the body gives whoever asked; empty when it gives nothing.</summary>
    public MappedMemory Memory => _memory ??= new MappedMemory();

    /// <summary>What the body works on.</summary>
    public OpSubject Subject { get; set; }

    /// <summary>A call to be posted to the record's turn.</summary>
    /// <param name="record">The buffer.</param>
    /// <param name="asker">Who waits for it; null for nobody.</param>
    /// <param name="body">Carries it out; calls the heap through <see cref="BufferOps"/>. What it throws is the answer. One that captures nothing costs nothing.</param>
    public static OpCall For(BufferRecord record, OpAsker? asker, Action<OpCall> body)
    {
        var call = t_spare ?? new OpCall();
        t_spare = null;
        (call.Record, call._asker, call._body, call._request) = (record, asker ?? new OpAsker(NoReply.Instance), body, CurrentRequest.Id);
        return call;
    }

    /// <summary>Keeps the descriptor shown until the body has returned, so that the buffer is not released under it. Before the call is posted.</summary>
    /// <param name="shown">Empty from then on.</param>
    public void Keep(ReusableDescriptor shown)
    {
        _kept ??= new ReusableDescriptor();
        _kept.TakeFrom(shown);
        Shown = _kept;
    }

    /// <summary>Carries it out on this thread, whose turn it is. Never throws.</summary>
    public void Execute()
    {
        using var request = CurrentRequest.Resume(_request); // it may be another's thread
        HeapException? refusal = null;
        try
        {
            _body(this);
        }
        catch (HeapException exception)
        {
            refusal = exception;
        }
        catch (Exception exception)
        {
            HostLog.OpFailed(Record.Heap.Log, Record.Sequence, Record.Heap.Name, CurrentRequest.Text, exception);
            refusal = new HeapException(HeapErrno.InputOutput, HeapCause.System, $"the host failed: {exception.Message}", exception);
        }

        if (IsLost) _kept?.Dispose(); // which the watchdog may do as well
        else _kept?.Clear();
        if (Interlocked.Exchange(ref _answered, 1) == 0) Answer(refusal);
        else _memory?.Clear();
    }

    /// <summary>It was carried out, and is nobody's any more.</summary>
    public void Return()
    {
        if (IsLost) return;
        Subject.Kept?.Leave();
        (Record, _asker, _body, Subject) = (null!, default, null!, default);
        (Shown, Undo, WhenGivenUp, MayBeGivenUp) = (null, null, null, true);
        Volatile.Write(ref _answered, 0);
        t_spare = this;
    }

    /// <summary>Answers it now: its heap does not come back.</summary>
    public void GiveUp(HeapException refusal)
    {
        if (Interlocked.Exchange(ref _answered, 1) != 0) return;
        _kept?.Dispose(); // not emptied: the heap may be opening it
        WhenGivenUp?.Invoke(this);
        Reply.Refused(_asker.Request, refusal);
    }

    /// <summary>Notes that this thread goes into the heap.</summary>
    /// <returns>This one stay.</returns>
    public long EnterHeap()
    {
        var entry = Volatile.Read(ref _place) / States + 1;
        Volatile.Write(ref _place, entry * States + InHeap);
        return entry;
    }

    /// <summary>False when the thread was given up meanwhile: what the heap returned comes too late.</summary>
    public bool TryLeaveHeap()
    {
        var entry = Volatile.Read(ref _place) / States * States;
        return Interlocked.CompareExchange(ref _place, entry + OutOfHeap, entry + InHeap) == entry + InHeap;
    }

    /// <summary>Gives the thread up that is in the heap. True for the one call that did, and false when it is back already.</summary>
    /// <param name="entry">Which stay there.</param>
    public bool TryLose(long entry) => Interlocked.CompareExchange(ref _place, entry * States + Lost, entry * States + InHeap) == entry * States + InHeap;

    private bool IsLost => Volatile.Read(ref _place) % States == Lost;

    private void Answer(HeapException? refusal)
    {
        var wasDone = refusal is null;
        if (wasDone) refusal = Reply.Done(_asker.Request, _memory is { IsEmpty: false } ? _memory : null);
        _memory?.Clear();
        if (refusal is null) return;
        if (wasDone) Undo?.Invoke(this);
        Reply.Refused(_asker.Request, refusal);
    }
}

/// <summary>What a call's body works on, beside the buffer: each body knows which of these are its own.</summary>
internal readonly record struct OpSubject(object Owner)
{
    /// <summary>The attachment or vmap, which the call has until it is used again; for good when it is given up.</summary>
    public KeptBuffer? Kept { get; init; }

    /// <summary>The importer's number of it.</summary>
    public ulong Number { get; init; }

    public DataDirection Direction { get; init; }

    public ReleaseReason Reason { get; init; }

    public Action? WhenDone { get; init; }
}

using DmaHeap.Hosting.Buffers;
using DmaHeap.Hosting.Importers;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Ops;

/// <summary>
/// One request that needs ops of a buffer: what is to be done when its turn comes, and who is told. It is answered once, by the thread that carries it out, or by the watchdog
/// when the heap does not come back: whichever is first.
/// </summary>
/// <param name="record">The buffer.</param>
/// <param name="reply">Who waits for it.</param>
/// <param name="body">Carries it out; calls the heap through <see cref="BufferOps"/>. What it throws is the answer.</param>
internal sealed class OpCall(BufferRecord record, IOpReply reply, Func<OpCall, MappedMemory?> body)
{
    private const int OutOfHeap = 0, InHeap = 1, Lost = 2;

    private readonly RequestId _request = CurrentRequest.Id;
    private int _place;
    private int _answered;

    public BufferRecord Record => record;

    public IOpReply Reply => reply;

    /// <summary>False for what must be done sooner or later, however long it takes until the heap is back: a release.</summary>
    public bool MayBeGivenUp { get; init; } = true;

    /// <summary>Done in place of the body, or of the rest of it, when the heap is given up.</summary>
    public Action? WhenGivenUp { get; init; }

    /// <summary>Undoes what the body did when its result cannot be handed over. Set by the body.</summary>
    public Action? Undo { get; set; }

    /// <summary>The descriptor with which the op was asked for, open as long as it takes; null when nobody is there any more who showed one. Set by the body.</summary>
    public SafeFileHandle? Shown { get; set; }

    /// <summary>The op that the heap is in.</summary>
    public string Op { get; private set; } = "";

    /// <summary>When the heap was entered, by the host's clock.</summary>
    public long EnteredAt { get; private set; }

    /// <summary>The thread that is in the heap.</summary>
    public Thread? Thread { get; private set; }

    /// <summary>Carries it out on this thread, whose turn it is. Never throws.</summary>
    public void Execute()
    {
        using var request = CurrentRequest.Resume(_request); // it may be another's thread
        MappedMemory? result = null;
        HeapException? refusal = null;
        try
        {
            result = body(this);
        }
        catch (HeapException exception)
        {
            refusal = exception;
        }
        catch (Exception exception)
        {
            HostLog.OpFailed(record.Heap.Log, record.Sequence, record.Heap.Name, CurrentRequest.Text, exception);
            refusal = new HeapException(HeapErrno.InputOutput, HeapCause.System, $"the host failed: {exception.Message}", exception);
        }

        if (Interlocked.Exchange(ref _answered, 1) != 0)
        {
            result?.Dispose();
            return;
        }

        if (refusal is null && (refusal = reply.Done(result)) is not null) Undo?.Invoke();
        if (refusal is not null) reply.Refused(refusal);
    }

    /// <summary>Answers it now: its heap does not come back.</summary>
    public void GiveUp(HeapException refusal)
    {
        if (Interlocked.Exchange(ref _answered, 1) != 0) return;
        WhenGivenUp?.Invoke();
        reply.Refused(refusal);
    }

    public void EnterHeap(string op, long now)
    {
        (Op, EnteredAt, Thread) = (op, now, System.Threading.Thread.CurrentThread);
        Volatile.Write(ref _place, InHeap);
    }

    /// <summary>False when the thread was given up meanwhile: what the heap returned comes too late.</summary>
    public bool TryLeaveHeap() => Interlocked.CompareExchange(ref _place, OutOfHeap, InHeap) == InHeap;

    /// <summary>Gives the thread up that is in the heap. True for the one call that did, and false when it is back already.</summary>
    public bool TryLose() => Interlocked.CompareExchange(ref _place, Lost, InHeap) == InHeap;
}

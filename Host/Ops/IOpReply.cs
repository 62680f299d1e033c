using DmaHeap.Hosting.Importers;
using DmaHeap.Protocol;

namespace DmaHeap.Hosting.Ops;

/// <summary>Whoever waits for an op: a client at the other end of a connection, a thread of this process, or nobody. Told once, from any thread.</summary>
internal interface IOpReply
{
    /// <summary>The op has its place in the order of its buffer's ops: what was asked after it may be looked at. Called under a lock; must return at once.</summary>
    void Routed();

    /// <summary>The op was carried out.</summary>
    /// <param name="request">The message that asked for it, where one did.</param>
    /// <param name="memory">What it gave; null when it gives nothing. The op's again once this returns.</param>
    /// <returns>Null, or why the result could not be handed over: the op is undone then, and <see cref="Refused"/> follows.</returns>
    HeapException? Done(in MessageHeader request, MappedMemory? memory);

    void Refused(in MessageHeader request, HeapException refusal);
}

/// <summary>Who asked for an op, and by which message: so that one object answers for all requests of a connection.</summary>
internal readonly record struct OpAsker(IOpReply Reply, MessageHeader Request = default);

/// <summary>Nobody: what the op was asked for is gone, or needs no answer.</summary>
internal sealed class NoReply : IOpReply
{
    public static NoReply Instance { get; } = new();

    public void Routed()
    {
    }

    public HeapException? Done(in MessageHeader request, MappedMemory? memory) => null;

    public void Refused(in MessageHeader request, HeapException refusal)
    {
    }
}

/// <summary>A thread of this process.</summary>
internal sealed class WaitingReply : IOpReply
{
    private HostSegment[] _segments = [];
    private HeapException? _refusal;
    private bool _answered;

    public void Routed()
    {
    }

    public HeapException? Done(in MessageHeader request, MappedMemory? memory)
    {
        Answer(memory?.TakeSegments() ?? [], null);
        return null;
    }

    public void Refused(in MessageHeader request, HeapException refusal) => Answer([], refusal);

    /// <summary>Waits, as long as the op takes or until its heap is given up.</summary>
    /// <returns>What it gave, the caller's to close.</returns>
    /// <exception cref="HeapException">It was refused.</exception>
    public HostSegment[] Wait()
    {
        lock (this)
        {
            while (!_answered) Monitor.Wait(this);
        }

        // One that was thrown elsewhere keeps its trace there; this one is of the waiting thread.
        if (_refusal is not null) throw new HeapException(_refusal.Errno, _refusal.Cause, _refusal.Message, _refusal);
        return _segments;
    }

    private void Answer(HostSegment[] segments, HeapException? refusal)
    {
        lock (this)
        {
            (_segments, _refusal, _answered) = (segments, refusal, true);
            Monitor.PulseAll(this);
        }
    }
}

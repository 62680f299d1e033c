using DmaHeap.Linux;
using DmaHeap.Protocol;

namespace DmaHeap.Client;

/// <summary>A request under way. Whoever reads the socket fills it in, so its owner never sees the packet.</summary>
abstract class PendingCall(MessageKind kind)
{
    TaskCompletionSource? _task;
    volatile bool _completed;
    bool _promoted;

    public MessageKind Kind { get; } = kind;

    public ulong Id => Name.Number;

    public RequestName Name { get; private set; }

    public CallFailure? Failure { get; private set; }

    public bool IsCompleted => _completed;

    /// <summary>Whether its owner awaits a task; else a thread waits, or will.</summary>
    public bool IsAsync => _task is not null;

    /// <summary>Whether a thread is parked on it, which can be made the reader. Guarded by the connection's gate.</summary>
    public bool IsParked { get; set; }

    /// <summary>Whether descriptors may come with the reply.</summary>
    public virtual bool TakesDescriptors => false;

    /// <summary>Makes it ready for a request. An object whose thread waits may be used again and again.</summary>
    public void Begin(RequestName name, TaskCompletionSource? task)
    {
        Name = name;
        _task = task;
        Failure = null;
        IsParked = false;
        _promoted = false;
        _completed = false;
    }

    /// <summary>Takes the reply in.</summary>
    /// <returns>Null, or what is wrong with it.</returns>
    public abstract string? Accept(ReadOnlySpan<byte> packet, ReceivedDescriptors descriptors);

    public void Complete(CallFailure? failure)
    {
        if (_task is { } task)
        {
            Failure = failure;
            _completed = true;
            task.SetResult();
            return;
        }

        lock (this)
        {
            Failure = failure;
            _completed = true;
            Monitor.Pulse(this);
        }
    }

    /// <summary>Wakes the parked thread to read the socket in the place of the one that did.</summary>
    public void Promote()
    {
        lock (this)
        {
            _promoted = true;
            Monitor.Pulse(this);
        }
    }

    /// <summary>Waits to be completed or promoted.</summary>
    /// <returns>Whether this thread is now the reader.</returns>
    public bool WaitForTurn()
    {
        lock (this)
        {
            while (!_completed && !_promoted) Monitor.Wait(this);
            return _promoted;
        }
    }

    public void WaitForCompletion()
    {
        if (_completed) return;
        lock (this)
        {
            while (!_completed) Monitor.Wait(this);
        }
    }
}

/// <summary>A request whose reply says nothing but that it was carried out.</summary>
sealed class DoneCall(MessageKind kind) : PendingCall(kind)
{
    public override string? Accept(ReadOnlySpan<byte> packet, ReceivedDescriptors descriptors) =>
        MessageCodec.Read<DoneReply>(packet, out _) is var fault and not MessageFault.None ? ReplyReader.Describe(fault) : null;
}

/// <summary>Reads a reply's packet.</summary>
/// <returns>Null, or what is wrong with it.</returns>
delegate string? ReplyParser<TResult>(ReadOnlySpan<byte> packet, out TResult result);

/// <summary>A request whose reply is data.</summary>
sealed class QueryCall<TResult>(MessageKind kind, ReplyParser<TResult> parser) : PendingCall(kind)
    where TResult : notnull
{
    TResult? _result;

    /// <summary>The reply, once completed without a failure.</summary>
    public TResult Result => _result!;

    public override string? Accept(ReadOnlySpan<byte> packet, ReceivedDescriptors descriptors) => parser(packet, out _result);
}

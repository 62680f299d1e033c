using System.Diagnostics;
using System.Runtime.InteropServices;
using DmaHeap.Linux;
using DmaHeap.Protocol;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Client;

/// <summary>
/// A connection on which many requests are under way at a time. At any moment at most one thread reads the socket, and it serves all others:
/// a thread that waits for a reply reads if nobody does, and when it has its own, makes a parked thread the reader. So a lone caller sends and receives on
/// its own thread. Only where none but tasks wait, <see cref="ReplyPoller"/> reads. The gate is held for bookkeeping, never for a call that may wait.
/// </summary>
sealed partial class HostConnection : IDisposable
{
    readonly Lock _gate = new();
    readonly SafeFileHandle _socket;
    readonly Dictionary<ulong, PendingCall> _pending = [];
    ulong _lastId;
    int _tasks; // of the pending calls, those that a task waits for
    bool _reading;
    Task _later = Task.CompletedTask; // the last of the sends that wait for a host that is behind
    CallFailure? _failure;
    Action? _lost;
    ulong _lossWatch;

    /// <summary>Speaks on a connected socket, which it then owns.</summary>
    public HostConnection(SafeFileHandle socket) => _socket = socket;

    /// <summary>Sends a request and waits for its reply on this thread.</summary>
    /// <param name="call">Receives the reply.</param>
    /// <param name="request">The request, but for its header.</param>
    /// <param name="shown">The descriptor that goes with it.</param>
    /// <param name="cancellation">Withdraws the request; its outcome is awaited even so.</param>
    /// <exception cref="DmaHeapException">It failed.</exception>
    /// <exception cref="OperationCanceledException">It was withdrawn in time.</exception>
    public void Execute<TRequest>(PendingCall call, ref TRequest request, SafeFileHandle? shown, CancellationToken cancellation)
        where TRequest : unmanaged =>
        Execute(call, MemoryMarshal.AsBytes(new Span<TRequest>(ref request)), shown, cancellation);

    /// <summary>Sends a request of any length and waits for its reply on this thread.</summary>
    /// <param name="call">Receives the reply.</param>
    /// <param name="packet">The request, with room for its header.</param>
    /// <param name="shown">The descriptor that goes with it.</param>
    /// <param name="cancellation">Withdraws the request; its outcome is awaited even so.</param>
    /// <exception cref="DmaHeapException">It failed.</exception>
    /// <exception cref="OperationCanceledException">It was withdrawn in time.</exception>
    public void Execute(PendingCall call, Span<byte> packet, SafeFileHandle? shown, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        Register(call, packet, task: null);
        if (Volatile.Read(ref _later) is { IsCompleted: false } later) later.Wait(CancellationToken.None); // what was asked before goes before
        var errno = TrySend(packet, shown, MessageFlags.None);
        if (!IsSent(call, errno)) throw SendFailed(errno);
        using (WithdrawOn(call, cancellation)) Await(call);
        ThrowIfFailed(call, cancellation);
    }

    /// <summary>Sends a request; the task ends when the reply is there. Throws as <see cref="Execute{TRequest}"/> does.</summary>
    public Task ExecuteAsync<TRequest>(PendingCall call, TRequest request, SafeFileHandle? shown, CancellationToken cancellation)
        where TRequest : unmanaged =>
        ExecuteAsync(call, MessageCodec.Bytes(in request).ToArray(), shown, cancellation);

    /// <summary>Sends a request of any length; the task ends when the reply is there. Throws as <see cref="Execute(PendingCall, Span{byte}, SafeFileHandle?, CancellationToken)"/> does.</summary>
    public async Task ExecuteAsync(PendingCall call, byte[] packet, SafeFileHandle? shown, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var task = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Register(call, packet, task);
        var errno = Volatile.Read(ref _later).IsCompleted ? TrySend(packet, shown, MessageFlags.DontWait) : Errno.EAGAIN;
        if (errno == Errno.EAGAIN) errno = await SendLaterAsync(packet, shown).ConfigureAwait(false);
        if (!IsSent(call, errno)) throw SendFailed(errno);
        EnsureRead();
        using (WithdrawOn(call, cancellation)) await task.Task.ConfigureAwait(false);
        ThrowIfFailed(call, cancellation);
    }

    /// <summary>Ends the connection: what is under way fails.</summary>
    public void Dispose() => Fail(CallFailure.Disposed);

    void Register(PendingCall call, Span<byte> packet, TaskCompletionSource? task)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(ReferenceEquals(_failure, CallFailure.Disposed), typeof(DmaHeapClient));
            if (_failure is { } failure) throw failure.ToException();
            call.Begin(new RequestName(Number, ++_lastId), task);
            _pending.Add(call.Id, call);
            if (task is not null) _tasks++;
        }

        MemoryMarshal.Write(packet, new MessageHeader { Size = (uint)packet.Length, Kind = call.Kind, RequestId = call.Id });
    }

    /// <summary>Takes a call out of those under way; null when it is none, or no more.</summary>
    PendingCall? Unregister(ulong id)
    {
        lock (_gate)
        {
            if (!_pending.Remove(id, out var call)) return null;
            if (call.IsAsync) _tasks--;
            SetParked(call, false);
            return call;
        }
    }

    Errno TrySend(ReadOnlySpan<byte> packet, SafeFileHandle? shown, MessageFlags flags)
    {
        try
        {
            return shown is null ? SocketMessages.TrySend(_socket, packet, flags) : SocketMessages.TrySend(_socket, packet, shown, flags);
        }
        catch (ObjectDisposedException) when (_socket.IsClosed)
        {
            return Errno.EPIPE; // the connection failed a moment ago, and the call with it
        }
    }

    /// <summary>Whether there will be an answer. Where the host is gone there is: what it said before it went, or that it is gone.</summary>
    bool IsSent(PendingCall call, Errno errno) =>
        errno is Errno.None or Errno.EPIPE or Errno.ECONNRESET or Errno.ENOTCONN || Unregister(call.Id) is null;

    static DmaHeapException SendFailed(Errno errno) => CallFailure.Kernel(errno, "The request could not be sent").ToException();

    /// <summary>The host is behind with reading: rare enough to let a pool thread wait for it. What is sent later is sent in its order.</summary>
    Task<Errno> SendLaterAsync(byte[] packet, SafeFileHandle? shown)
    {
        lock (_gate)
        {
            var sent = _later.ContinueWith(
                _ => TrySend(packet, shown, MessageFlags.None),
                CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            _later = sent;
            return sent;
        }
    }

    CancellationTokenRegistration WithdrawOn(PendingCall call, CancellationToken cancellation) =>
        cancellation.CanBeCanceled ? WithdrawOn(call.Id, cancellation) : default;

    CancellationTokenRegistration WithdrawOn(ulong target, CancellationToken cancellation) =>
        cancellation.UnsafeRegister(_ => Withdraw(target), null);

    void Withdraw(ulong target)
    {
        var request = new CancelRequest { Header = MessageCodec.Header<CancelRequest>(MessageKind.Cancel, 0), Target = target };
        // Should the connection be failing, the call fails with it: there is nothing to report here.
        if (TrySend(MessageCodec.Bytes(in request), null, MessageFlags.DontWait) == Errno.EAGAIN) _ = SendLaterAsync(MessageCodec.Bytes(in request).ToArray(), null);
    }

    /// <summary>Whether it has ended.</summary>
    public bool IsLost
    {
        get
        {
            lock (_gate) return _failure is not null;
        }
    }

    /// <summary>The connection's number in the host's log; 0 where it is not known.</summary>
    public ulong Number { get; set; }

    void ThrowIfFailed(PendingCall call, CancellationToken cancellation)
    {
        if (RequestEvents.Log.IsEnabled()) RequestEvents.Log.Ended(call);
        if (call.Failure is not { } failure) return;
        if (failure.Errno == Errno.EINTR && cancellation.IsCancellationRequested) throw new OperationCanceledException(failure.Message, cancellation);
        throw failure.ToException(call.Name.ToString());
    }

    /// <summary>Ends the connection and all that is under way on it. The first reason counts.</summary>
    /// <returns>False.</returns>
    bool Fail(CallFailure failure)
    {
        PendingCall[] calls;
        Action? lost;
        lock (_gate)
        {
            if (_failure is null) SocketShutdown();
            (lost, _lost) = (_lost, null);
            LossWatch.Forget(_lossWatch);
            if (_failure is null || ReferenceEquals(failure, CallFailure.Disposed)) _failure = failure;
            calls = [.. _pending.Values];
            _pending.Clear();
            _tasks = 0;
            _parked = 0;
            Watch();
            CloseIfDone();
        }

        if (!ReferenceEquals(failure, CallFailure.Disposed)) lost?.Invoke(); // before anybody hears of it
        foreach (var call in calls) call.Complete(failure);
        return false;
    }

    /// <summary>Has somebody told, once, that the connection was lost, also while nobody uses it; at once, where it was. Not told of its disposal.</summary>
    /// <param name="lost">Must not block.</param>
    /// <returns>Whether a loss is noticed while nobody uses the connection; there may be no descriptor for that.</returns>
    public bool WhenLost(Action lost)
    {
        lock (_gate)
        {
            if (_failure is null)
            {
                _lost = lost;
                return LossWatch.TryWatch(this, _socket, out _lossWatch) == Errno.None;
            }

            if (ReferenceEquals(_failure, CallFailure.Disposed)) return true;
        }

        lost();
        return true;
    }

    /// <summary>Wakes the reader, and whoever waits in a send.</summary>
    void SocketShutdown()
    {
        var errno = SeqpacketSocket.TryShutdown(_socket);
        Debug.Assert(errno is Errno.None or Errno.ENOTCONN, "Nothing else can fail here.");
    }

    /// <summary>The reader, if there is one, closes when it steps down.</summary>
    void CloseIfDone()
    {
        if (_failure is null || _reading) return;
        _socket.Dispose();
        _descriptors.Dispose();
    }
}

using System.Diagnostics;
using DmaHeap.Linux;
using DmaHeap.Protocol;

namespace DmaHeap.Client;

sealed partial class HostConnection
{
    const int MaxBurst = 64;

    // Used by the reader alone.
    readonly byte[] _packet = GC.AllocateUninitializedArray<byte>(ProtocolConstants.MaxMessageBytes);
    readonly ReceivedDescriptors _descriptors = new();

    // Guarded by the gate.
    int _parked; // of the pending calls, those with a parked thread
    ulong _watch; // the poller's token while it watches the socket; else 0

    /// <summary>Waits for a call on this thread: reads if nobody does, else parks until it is served or becomes the reader.</summary>
    void Await(PendingCall call)
    {
        bool parks;
        lock (_gate)
        {
            if (call.IsCompleted) return;
            // A call that is not pending is being completed by whoever took it out.
            var pending = _pending.ContainsKey(call.Id);
            parks = _reading || !pending;
            if (!parks) _reading = true;
            else if (pending) SetParked(call, true);
        }

        if (parks && !call.WaitForTurn()) return;
        while (!call.IsCompleted && ReadOne(MessageFlags.None))
        {
        }

        StepDown();
        // Where the reading ended first, the connection has failed; the thread that failed it may still be completing this call.
        call.WaitForCompletion();
    }

    /// <summary>Called by the poller when the socket is readable.</summary>
    internal void ReadReady()
    {
        lock (_gate)
        {
            _watch = 0;
            if (_reading || _failure is not null) return; // the reader has the poller watch again when it steps down
            _reading = true;
        }

        // Not for ever: the poller has other connections.
        for (var i = 0; i < MaxBurst && ReadOne(MessageFlags.DontWait); i++)
        {
        }

        StepDown();
    }

    /// <summary>Sees to it that somebody reads for the tasks.</summary>
    void EnsureRead()
    {
        Errno errno;
        lock (_gate) errno = Watch();
        if (errno != Errno.None) FailToWatch(errno);
    }

    /// <summary>Hands the reading on: to a parked thread, or if only tasks wait to the poller.</summary>
    void StepDown()
    {
        Errno errno;
        lock (_gate)
        {
            _reading = false;
            if (FindParked() is { } next)
            {
                // Within the gate: a call that is pending is not completed yet, so its thread cannot miss that it is the reader.
                SetParked(next, false);
                next.Promote();
                _reading = true;
            }

            errno = Watch();
            CloseIfDone();
        }

        if (errno != Errno.None) FailToWatch(errno);
    }

    PendingCall? FindParked()
    {
        if (_parked == 0) return null;
        foreach (var (_, call) in _pending)
        {
            if (call.IsParked) return call;
        }

        return null;
    }

    void SetParked(PendingCall call, bool parked)
    {
        if (call.IsParked == parked) return;
        call.IsParked = parked;
        _parked += parked ? 1 : -1;
    }

    /// <summary>Has the poller watch the socket while tasks wait and no thread reads, and hold this connection no longer than that.</summary>
    Errno Watch()
    {
        if (_tasks == 0 || _failure is not null)
        {
            ReplyPoller.Forget(_watch);
            _watch = 0;
            return Errno.None;
        }

        return _reading || _watch != 0 ? Errno.None : ReplyPoller.TryWatch(this, _socket, out _watch);
    }

    void FailToWatch(Errno errno) => Fail(CallFailure.Kernel(errno, "Waiting for the dmaheap host's reply failed"));

    /// <summary>Receives one packet and serves whom it is for.</summary>
    /// <returns>False when there is nothing more to read: now, where told not to wait, or ever.</returns>
    bool ReadOne(MessageFlags flags)
    {
        Errno errno;
        int length;
        bool cut;
        // A host that closes with requests unread makes the next receive say so, before what it sent last.
        do errno = SocketMessages.TryReceive(_socket, _packet, _descriptors, out length, out cut, flags);
        while (errno == Errno.ECONNRESET);

        if (errno == Errno.EAGAIN && flags == MessageFlags.DontWait) return false;
        if (errno != Errno.None) return Fail(CallFailure.Kernel(errno, "Receiving from the dmaheap host failed"));
        if (length == 0) return Fail(CallFailure.HostGone);
        if (cut) return Fail(CallFailure.Nonsense("a message longer than any may be"));
        try
        {
            return Serve(_packet.AsSpan(0, length));
        }
        finally
        {
            _descriptors.Dispose(); // what nobody took
        }
    }

    bool Serve(ReadOnlySpan<byte> packet)
    {
        if (MessageCodec.ReadHeader(packet, out var header) is var fault and not MessageFault.None) return Fail(CallFailure.Nonsense(ReplyReader.Describe(fault)));
        if (header is { RequestId: 0, Kind: >= MessageKind.FirstEvent and < MessageKind.ReplyBit }) return true;
        if (header is { RequestId: 0, Kind: MessageKind.Error }) return Fail(ReadError(packet, out _));

        if (Unregister(header.RequestId) is not { } call)
            return Fail(CallFailure.Nonsense($"message 0x{(int)header.Kind:x4} for request {header.RequestId}, which is not under way"));
        if (header.Kind == MessageKind.Error)
        {
            var error = ReadError(packet, out var fatal);
            call.Complete(error);
            return !fatal || Fail(error);
        }

        if (Reject(call, header.Kind, packet) is { } nonsense)
        {
            var failure = CallFailure.Nonsense(nonsense);
            call.Complete(failure);
            return Fail(failure);
        }

        return true;
    }

    /// <summary>Completes a call with its reply.</summary>
    /// <returns>Null, or what is wrong with the reply; the call is then still to be completed.</returns>
    string? Reject(PendingCall call, MessageKind kind, ReadOnlySpan<byte> packet)
    {
        if (kind != (call.Kind | MessageKind.ReplyBit)) return $"message 0x{(int)kind:x4} for a request of kind {call.Kind}";
        if (!call.TakesDescriptors && (_descriptors.Count > 0 || _descriptors.Truncated)) return "descriptors where none belong";
        // There is room for as many as the kernel sends, so it is this process that can take no more. What came is closed.
        if (_descriptors.Truncated)
        {
            call.Complete(CallFailure.NoDescriptors);
            return null;
        }

        if (call.Accept(packet, _descriptors) is { } wrong) return wrong;
        call.Complete(null);
        return null;
    }

    CallFailure ReadError(ReadOnlySpan<byte> packet, out bool fatal)
    {
        fatal = true;
        if (MessageCodec.Read<ErrorReply>(packet, out var error) is var fault and not MessageFault.None) return CallFailure.Nonsense(ReplyReader.Describe(fault));
        if (error.Errno is <= 0 or > 4095) return CallFailure.Nonsense($"errno {error.Errno}");
        if (_descriptors.Count > 0) return CallFailure.Nonsense("descriptors where none belong");
        fatal = error.Flags.HasFlag(ErrorFlags.Fatal);
        return new CallFailure((Errno)error.Errno, TextField.Read(error.Cause), TextField.Read(error.Message));
    }

    /// <summary>Ends the connection and all that is under way on it. The first reason counts.</summary>
    /// <returns>False.</returns>
    bool Fail(CallFailure failure)
    {
        PendingCall[] calls;
        lock (_gate)
        {
            if (_failure is null) SocketShutdown();
            if (_failure is null || ReferenceEquals(failure, CallFailure.Disposed)) _failure = failure;
            calls = [.. _pending.Values];
            _pending.Clear();
            _tasks = 0;
            _parked = 0;
            Watch();
            CloseIfDone();
        }

        foreach (var call in calls) call.Complete(failure);
        return false;
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

using DmaHeap.Linux;

namespace DmaHeap.Client;

/// <content>Whose turn it is to read the socket.</content>
sealed partial class HostConnection
{
    const int MaxBurst = 64;

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
    /// <param name="token">The watch that reported it, which is over.</param>
    internal void ReadReady(ulong token)
    {
        lock (_gate)
        {
            if (_watch == token) _watch = 0;
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
}

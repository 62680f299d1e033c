using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Isolation;

/// <summary>The ways into one worker: a socket for each call that is under way, used again by the next, and the control socket, by which the worker gets them. Thread-safe.</summary>
/// <param name="control">The host's end of the control socket; the lanes' from now on.</param>
/// <param name="requests">Does what the heap asks during a call.</param>
/// <param name="heap">The heap's name.</param>
internal sealed class WorkerLanes(SafeFileHandle control, WorkerRequests requests, string heap)
{
    // A thread each in the worker: what more callers there are wait in vain in a heap that does not keep up.
    private const int Most = 256;

    private readonly Lock _lock = new();
    private readonly Stack<WorkerLane> _idle = new();
    private readonly List<WorkerLane> _all = [];
    private readonly Channel _control = new(control);
    private int _last;
    private bool _isShut, _isClosed;

    /// <summary>Whether nothing is sent any more, and nothing of it left open.</summary>
    public bool IsClosed
    {
        get
        {
            lock (_lock) return _isClosed;
        }
    }

    /// <summary>A lane that nobody uses.</summary>
    /// <exception cref="HeapException">EBUSY: too many calls are under way.</exception>
    /// <exception cref="LinuxException">There is no socket to be had.</exception>
    /// <exception cref="WireException">The worker is gone.</exception>
    public WorkerLane Rent()
    {
        lock (_lock)
        {
            if (_isShut) throw new WireException(Channel.GoneMessage);
            if (_idle.TryPop(out var idle)) return idle;
            if (_all.Count == Most) throw new HeapException(HeapErrno.Busy, HeapCause.HeapBusy, $"heap {heap} has {Most} calls under way in its worker process");
        }

        var (ours, its) = SeqpacketSocket.CreatePair();
        using (its)
        {
            WorkerLane lane;
            lock (_lock)
            {
                lane = new WorkerLane(++_last, ours, requests);
                _all.Add(lane);
                if (_isShut) lane.Shut();
            }

            try
            {
                Tell(to => to.Begin(WireKind.OpenLane).Int(lane.Number), its);
                return lane;
            }
            catch
            {
                Discard(lane);
                throw;
            }
        }
    }

    /// <summary>Takes a lane back whose call was answered.</summary>
    public void Return(WorkerLane lane)
    {
        lane.Deadline = long.MaxValue;
        lock (_lock)
        {
            if (!_isClosed)
            {
                _idle.Push(lane);
                return;
            }
        }

        lane.Dispose();
    }

    /// <summary>Takes a lane back that is good for no other call.</summary>
    public void Discard(WorkerLane lane)
    {
        lock (_lock) _all.Remove(lane);
        lane.Dispose();
    }

    /// <summary>Whether a call is not answered that should have been by now.</summary>
    public bool IsAnyLate(long now)
    {
        lock (_lock) return !_all.TrueForAll(lane => lane.Deadline > now);
    }

    /// <summary>Says something on the control socket, where nothing is answered.</summary>
    /// <exception cref="WireException">The worker is gone, or does not read.</exception>
    public void Tell(Action<WireWriter> write, SafeFileHandle? descriptor = null)
    {
        lock (_lock)
        {
            if (_isClosed) throw new WireException(Channel.GoneMessage);
            write(_control.Out);
            _control.Send(descriptor, MessageFlags.DontWait);
        }
    }

    /// <summary>Wakes whoever waits on a lane, and lets nobody have one any more.</summary>
    public void Shut()
    {
        lock (_lock)
        {
            _isShut = true;
            foreach (var lane in _all) lane.Shut();
        }
    }

    /// <summary>Lets go of all that nobody uses; of the rest when it is returned.</summary>
    public void Close()
    {
        Shut();
        lock (_lock)
        {
            _isClosed = true;
            while (_idle.TryPop(out var lane)) lane.Dispose();
            _control.Dispose();
        }
    }
}

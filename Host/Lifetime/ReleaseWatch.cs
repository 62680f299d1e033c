using System.Buffers;
using DmaHeap.Hosting.Buffers;
using DmaHeap.Linux;
using Microsoft.Extensions.Logging;

namespace DmaHeap.Hosting.Lifetime;

/// <summary>
/// Hears from the kernel which buffers are gone, and has them released, on a thread of its own.
/// </summary>
/// <remarks>
/// A queue that overflowed lost events: the live watches are then read from /proc and whoever of ours is not among them is gone. That costs some 4 µs a
/// live buffer, so it is done at most once a second.
/// </remarks>
internal sealed class ReleaseWatch : IDisposable
{
    private const ulong QueueKey = 0, StopKey = 1, HurryKey = 2;
    private const long SweepIntervalMs = 1000;
    private const int RestMs = 1;
    private const int BufferBytes = 64 * 1024;
    private const int StackBytes = 1024 * 1024; // heaps' releases run on it
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(500), s_stopPatience = TimeSpan.FromSeconds(5);

    private readonly BufferTable _table;
    private readonly BufferWatches _watches;
    private readonly Releaser _releaser;
    private readonly ILogger _log;
    private readonly EventPoll _poll = new();
    private readonly EventPoll _rest = new();
    private readonly EventSignal _stop = new();
    private readonly EventSignal _hurry = new();
    private readonly Lock _draining = new();
    private readonly Lock _lock = new();
    private readonly ITimer _watchdog;

    private Thread _thread;
    private int _turn;
    private bool _stopped;
    private bool _releasing;
    private long _round;
    private long _roundSeen;
    private long _progressSeen;
    private volatile bool _sweepDue;
    private long _lastSweep = -SweepIntervalMs;
    private long _sweeps;
    private long _allocatedBytes;

    /// <param name="table">The live buffers.</param>
    /// <param name="watches">Their watches, which it ends with itself.</param>
    /// <param name="releaser">Releases what is gone, on the watch's own thread. A heap that hangs in a release costs that thread: another takes over.</param>
    /// <param name="time">The watchdog's clock.</param>
    /// <param name="log">For overflows.</param>
    public ReleaseWatch(BufferTable table, BufferWatches watches, Releaser releaser, TimeProvider time, ILogger log)
    {
        _table = table;
        _watches = watches;
        _releaser = releaser;
        _log = log;
        _poll.Add(watches.Queue.Handle, ReadyEvents.Readable, QueueKey);
        foreach (var poll in (ReadOnlySpan<EventPoll>)[_poll, _rest])
        {
            poll.Add(_stop.Handle, ReadyEvents.Readable, StopKey);
            poll.Add(_hurry.Handle, ReadyEvents.Readable, HurryKey);
        }

        _thread = StartThread(_turn);
        _watchdog = time.CreateTimer(_ => Look(), null, s_patience, s_patience);
    }

    /// <summary>How often lost events had to be made up for.</summary>
    public long Sweeps => Interlocked.Read(ref _sweeps);

    /// <summary>Bytes that its thread had allocated on the managed heap when it woke last.</summary>
    public long AllocatedBytes => Volatile.Read(ref _allocatedBytes);

    /// <summary>Ends the watching; buffers still in the table stay there. Waits for the thread, unless a heap holds it.</summary>
    public void Dispose()
    {
        _watchdog.Dispose();
        Thread thread;
        lock (_lock)
        {
            _stopped = true; // the watchdog may be looking at this very moment
            thread = _thread;
        }

        _stop.Signal();
        if (!thread.Join(s_stopPatience)) return;
        _poll.Dispose();
        _rest.Dispose();
        _stop.Dispose();
        _hurry.Dispose();
        _watches.Dispose();
    }

    /// <summary>How many buffers were released.</summary>
    public long Progress => _releaser.Progress;

    /// <summary>Has what is gone released now instead of in a moment, and waits for that. No heap is called on this thread.</summary>
    /// <param name="seen"><see cref="Progress"/> as the caller saw it.</param>
    /// <param name="patience">How long to wait.</param>
    /// <returns>False when nothing was released since, and so nothing has changed.</returns>
    public bool TryCatchUp(long seen, TimeSpan patience)
    {
        lock (_draining)
        {
            var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
            Drain(buffer);
            ArrayPool<byte>.Shared.Return(buffer);
        }

        if (_releaser.Pending == 0) return _releaser.Progress != seen;
        _hurry.Signal();
        _releaser.Finish(patience);
        return _releaser.Progress != seen;
    }

    private Thread StartThread(int turn)
    {
        var thread = new Thread(() => Run(turn), StackBytes) { IsBackground = true, Name = "dmaheap release watch" };
        thread.Start();
        return thread;
    }

    // Releasing at both looks, and no further than at the last: a heap does not come back from a release. Another thread goes on, and the old one ends when it can.
    private void Look()
    {
        var (round, progress) = (Volatile.Read(ref _round), _releaser.Progress);
        var isReleasing = Volatile.Read(ref _releasing);
        var isStuck = isReleasing && round == _roundSeen && progress == _progressSeen;
        (_roundSeen, _progressSeen) = (isReleasing ? round : 0, progress);
        if (!isStuck) return;
        HostLog.ReleaseStuck(_log, (long)s_patience.TotalMilliseconds);
        Volatile.Write(ref _releasing, false);
        lock (_lock)
        {
            if (!_stopped) _thread = StartThread(Interlocked.Increment(ref _turn));
        }
    }

    private void Run(int turn)
    {
        var buffer = new byte[BufferBytes];
        while (true)
        {
            var timeout = _sweepDue ? (int)Math.Max(0, _lastSweep + SweepIntervalMs - Environment.TickCount64) : -1;
            if (!TryWait(_poll, timeout)) return;
            Volatile.Write(ref _allocatedBytes, GC.GetAllocatedBytesForCurrentThread());
            lock (_draining) Drain(buffer);
            if (_sweepDue && Environment.TickCount64 >= _lastSweep + SweepIntervalMs) Sweep();
            var progress = _releaser.Progress;
            Interlocked.Increment(ref _round);
            Volatile.Write(ref _releasing, true);
            _releaser.WorkOff();
            if (turn != Volatile.Read(ref _turn)) return; // given up: what follows may be disposed by now
            Volatile.Write(ref _releasing, false);

            // Where one buffer has gone others follow: to be woken for each would take a processor from those who allocate. Nobody waits for a release; who does hurries it.
            if (_releaser.Progress != progress && !TryWait(_rest, RestMs)) return;
        }
    }

    // False when it is time to stop.
    private bool TryWait(EventPoll poll, int timeout)
    {
        Span<ReadyDescriptor> ready = stackalloc ReadyDescriptor[3];
        foreach (var descriptor in ready[..poll.Wait(ready, timeout)])
        {
            if (descriptor.Data == StopKey) return false;
            // Who hurries a rest is heard again in the wait that follows it, which has its work before it.
            if (descriptor.Data == HurryKey && poll == _poll) _hurry.Drain();
        }

        return true;
    }

    private void Drain(byte[] buffer)
    {
        int length;
        do
        {
            if (_watches.Queue.TryRead(buffer, out length) != Errno.None) return;
            foreach (var inotifyEvent in new InotifyEvents(buffer.AsSpan(0, length)))
            {
                if ((inotifyEvent.Mask & InotifyMask.QueueOverflow) != 0) _sweepDue = true;
                // IN_IGNORED follows and says the same: it is what is left when the first was dropped by a full queue.
                if ((inotifyEvent.Mask & (InotifyMask.DeleteSelf | InotifyMask.Ignored)) != 0) _watches.Ended(inotifyEvent.Watch);
            }
        }
        while (length > buffer.Length / 2); // a short read emptied the queue
    }

    private void Sweep()
    {
        // Ours first, then the kernel's: whoever is tracked in between is in neither, and whoever dies in between is found next time.
        var ours = _table.Watches();
        var live = new HashSet<int>(ours.Length);
        _lastSweep = Environment.TickCount64;
        try
        {
            _watches.Queue.CopyLiveWatches(live);
        }
        catch (IOException exception)
        {
            // It takes a descriptor, and there may be none: the sweep stays due.
            HostLog.SweepFailed(_log, exception.Message);
            return;
        }

        var found = 0;
        lock (_draining)
        {
            foreach (var watch in ours)
            {
                if (live.Contains(watch)) continue;
                _watches.Ended(watch);
                found++;
            }
        }

        _sweepDue = false;
        _lastSweep = Environment.TickCount64;
        Interlocked.Increment(ref _sweeps);
        HostLog.QueueOverflowed(_log, ours.Length, found);
    }
}

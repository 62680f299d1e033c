using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using DmaHeap.Hosting.Buffers;
using DmaHeap.Linux;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Lifetime;

/// <summary>
/// Learns from the kernel when the last reference to a buffer is gone: an inotify watch for IN_DELETE_SELF on the buffer's inode, which fires once when no descriptor,
/// no SCM_RIGHTS copy in flight and no mapping is left in any process. The host keeps no descriptor of a buffer for this, only the watch.
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
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(500), s_stopPatience = TimeSpan.FromSeconds(5), s_catchUpPatience = TimeSpan.FromMilliseconds(20);
    private const Seals OursHave = Seals.Shrink | Seals.Grow | Seals.Seal;

    private readonly BufferTable _table;
    private readonly Releaser _releaser;
    private readonly ILogger _log;
    private readonly InotifyQueue _queue = new();
    private readonly EventPoll _poll = new();
    private readonly EventPoll _rest = new();
    private readonly EventSignal _stop = new();
    private readonly EventSignal _hurry = new();
    private readonly Lock _draining = new();
    private readonly OpaqueInodes _opaque = new();
    private readonly ConcurrentDictionary<int, ValueTuple> _reserved = new(); // watches of files that no buffer has yet
    private readonly Lock _lock = new();
    private readonly ITimer _watchdog;

    // A file that is not tracked is watched for a moment by whoever asks what it is; who adopts it is not to lose the watch to that.
    private readonly Lock _strangers = new();

    private Thread _thread;
    private int _turn;
    private bool _stopped;
    private bool _releasing;
    private long _progressSeen;
    private volatile bool _sweepDue;
    private long _lastSweep = -SweepIntervalMs;
    private long _sweeps;
    private long _allocatedBytes;

    /// <param name="table">The live buffers.</param>
    /// <param name="releaser">Releases what is gone, on the watch's own thread. A heap that hangs in a release costs that thread: another takes over.</param>
    /// <param name="time">The watchdog's clock.</param>
    /// <param name="log">For overflows.</param>
    public ReleaseWatch(BufferTable table, Releaser releaser, TimeProvider time, ILogger log)
    {
        _table = table;
        _releaser = releaser;
        _log = log;
        _poll.Add(_queue.Handle, ReadyEvents.Readable, QueueKey);
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

    /// <summary>Watches the host has: of its buffers, and of memory made ready to be one.</summary>
    public int Watches => _table.Count + _reserved.Count;

    /// <summary>The inodes watched now, by their watch, as the kernel has them.</summary>
    public IReadOnlyDictionary<int, ulong> WatchedInodes() => _queue.ReadLiveWatches();

    /// <summary>The queue itself, for a test that wants a watch too many.</summary>
    internal InotifyQueue Queue => _queue;

    /// <summary>Watches a buffer's file and enters the buffer into the table. Nobody else may have the file yet.</summary>
    /// <exception cref="HeapException">ENOSPC when the system's watches are used up.</exception>
    public void Track(BufferRecord record, in Memory.ShownFile shown)
    {
        record.Watch = shown.Watch?.Take() ?? Watch(shown.File);
        record.IsOpaque = shown.IsOpaque;
        _table.Add(record);
        if (shown.Watch is not null) _reserved.TryRemove(record.Watch, out _);
        if (shown.IsOpaque) _opaque.Add(shown.File, record.Watch);
    }

    /// <summary>Watches a file that is to be a buffer's later. Nobody else may have it yet.</summary>
    /// <exception cref="HeapException">ENOSPC when the system's watches are used up.</exception>
    public WatchReservation Reserve(SafeFileHandle file)
    {
        var watch = Watch(file);
        _reserved.TryAdd(watch, default);
        return new WatchReservation(this, watch);
    }

    /// <summary>Whether a watch is of a file that no buffer has yet.</summary>
    public bool IsReserved(int watch) => _reserved.ContainsKey(watch);

    /// <summary>Ends a buffer while the caller has its file, as if its last reference were gone: it waits to be released from now on, and its file is watched on. Null when it had ended before.</summary>
    public WatchReservation? TryKeep(BufferRecord record)
    {
        _reserved.TryAdd(record.Watch, default);
        if (_table.TryFind(record.Watch, out var found) && found == record)
        {
            _releaser.Enqueue(record); // before it leaves the table, as in Gone
            if (_table.TryRemove(record.Watch, out _)) return new WatchReservation(this, record.Watch);
        }

        _reserved.TryRemove(record.Watch, out _);
        return null;
    }

    /// <summary>Ends a watch that no buffer took.</summary>
    public void GiveUp(int watch)
    {
        _reserved.TryRemove(watch, out _);
        _queue.TryRemove(watch);
    }

    /// <summary>Takes a buffer out again whose export failed. False when the kernel's word came first.</summary>
    public bool TryWithdraw(BufferRecord record)
    {
        if (!_table.TryRemove(record.Watch, out _)) return false;
        _opaque.Remove(record.Watch);
        _queue.TryRemove(record.Watch);
        return true;
    }

    /// <summary>Which buffer is this descriptor? Null when it is none of ours. Watching the same inode again yields the same watch.</summary>
    public BufferRecord? Identify(SafeHandle descriptor)
    {
        // Seals exist on memfds only, and asking for them never leaves the kernel: a file system in user space cannot make us wait here.
        if (FileSeals.TryGet(descriptor, out var seals) != Errno.None || (seals & OursHave) != OursHave) return null;
        var errno = _queue.TryWatch(descriptor, InotifyMask.DeleteSelf | InotifyMask.MaskAdd, out var watch);
        if (errno == Errno.EACCES) return _opaque.TryFind(descriptor, out watch) && _table.TryFind(watch, out var opaque) ? opaque : null;
        if (errno != Errno.None) return null;
        if (_table.TryFind(watch, out var record)) return record;
        lock (_strangers)
        {
            if (_table.TryFind(watch, out record)) return record; // adopted meanwhile, under this very watch
            if (_reserved.ContainsKey(watch)) throw NotYetABuffer();
            _queue.TryRemove(watch);
            return null;
        }
    }

    /// <summary>Watches a buffer whose file others have already. Where the file is a tracked buffer's, that is returned, and nothing done.</summary>
    /// <exception cref="HeapException">ENOSPC when the system's watches are used up.</exception>
    public BufferRecord? FindOrTrack(SafeFileHandle file, BufferRecord record)
    {
        lock (_strangers)
        {
            if (Identify(file) is { } known) return known;
            Track(record, new Memory.ShownFile(file, IsOpaque: false));
            return null;
        }
    }

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
        _queue.Dispose();
    }

    private int Watch(SafeFileHandle file)
    {
        var errno = _queue.TryWatch(file, InotifyMask.DeleteSelf, out var watch);
        if (errno == Errno.None) return watch;
        if (errno != Errno.ENOSPC) throw Memory.SystemRefusal.From(errno, "watching a buffer");
        throw new HeapException(HeapErrno.NoSpace, HeapCause.NoWatches,
            $"{_table.Count} buffers are alive, the host has {Watches} inotify watches, and the system gives its user no more (fs.inotify.max_user_watches is {InotifyLimits.Read().MaxUserWatches}): raise that, or have the host do so (server.raiseLimits)");
    }

    /// <summary>
    /// Has what is gone released now instead of in a moment, for somebody who would be refused otherwise, and waits for that a little. No heap is called on this thread.
    /// </summary>
    /// <returns>False when nothing was released, and so nothing has changed.</returns>
    public bool TryCatchUp()
    {
        var before = _releaser.Progress;
        lock (_draining)
        {
            var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
            Drain(buffer);
            ArrayPool<byte>.Shared.Return(buffer);
        }

        if (_releaser.Pending == 0) return _releaser.Progress != before;
        _hurry.Signal();
        _releaser.Finish(s_catchUpPatience);
        return _releaser.Progress != before;
    }

    private Thread StartThread(int turn)
    {
        var thread = new Thread(() => Run(turn), StackBytes) { IsBackground = true, Name = "dmaheap release watch" };
        thread.Start();
        return thread;
    }

    // Releasing, and no further than last time: a heap does not come back from a release. Another thread goes on, and the old one ends when it can.
    private void Look()
    {
        var progress = _releaser.Progress;
        var stuck = Volatile.Read(ref _releasing) && progress == _progressSeen;
        _progressSeen = progress;
        if (!stuck) return;
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
        while (turn == Volatile.Read(ref _turn))
        {
            var timeout = _sweepDue ? (int)Math.Max(0, _lastSweep + SweepIntervalMs - Environment.TickCount64) : -1;
            if (!TryWait(_poll, timeout)) return;
            Volatile.Write(ref _allocatedBytes, GC.GetAllocatedBytesForCurrentThread());
            lock (_draining) Drain(buffer);
            if (_sweepDue && Environment.TickCount64 >= _lastSweep + SweepIntervalMs) Sweep();
            var progress = _releaser.Progress;
            Volatile.Write(ref _releasing, true);
            _releaser.WorkOff();
            if (turn == Volatile.Read(ref _turn)) Volatile.Write(ref _releasing, false);

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

    // Nobody was given it: whoever shows it took it out of the host itself, as root may.
    private static HeapException NotYetABuffer() => new(HeapErrno.Invalid, HeapCause.UnknownBuffer, "the descriptor shown is memory of this host that is no buffer yet");

    private void Drain(byte[] buffer)
    {
        int length;
        do
        {
            if (_queue.TryRead(buffer, out length) != Errno.None) return;
            foreach (var inotifyEvent in new InotifyEvents(buffer.AsSpan(0, length)))
            {
                if ((inotifyEvent.Mask & InotifyMask.QueueOverflow) != 0) _sweepDue = true;
                // IN_IGNORED follows and says the same: it is what is left when the first was dropped by a full queue.
                if ((inotifyEvent.Mask & (InotifyMask.DeleteSelf | InotifyMask.Ignored)) != 0) Gone(inotifyEvent.Watch);
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
            _queue.CopyLiveWatches(live);
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
                Gone(watch);
                found++;
            }
        }

        _sweepDue = false;
        _lastSweep = Environment.TickCount64;
        Interlocked.Increment(ref _sweeps);
        HostLog.QueueOverflowed(_log, ours.Length, found);
    }

    private void Gone(int watch)
    {
        // Noted as pending before it leaves the table: whoever counts sees it in one of the two.
        if (!_table.TryFind(watch, out var record)) return;
        _releaser.Enqueue(record);
        _table.TryRemove(watch, out _);
        _opaque.Remove(watch);
    }
}

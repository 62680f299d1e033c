using System.Collections.Concurrent;
using DmaHeap.Hosting.Buffers;
using DmaHeap.Hosting.Heaps;
using DmaHeap.Hosting.Ops;
using DmaHeap.Hosting.Policy;
using Microsoft.Extensions.Logging;

namespace DmaHeap.Hosting.Lifetime;

/// <summary>
/// Deferred free: calls the heaps' releases away from clients. What is known to be gone waits in a queue of its heap; whoever works the queues off (the watch's thread) passes over
/// a heap that somebody else is at. So releases of one heap follow each other, and a heap that hangs in one holds up only its own.
/// </summary>
internal sealed class Releaser
{
    private readonly Quotas _quotas;
    private readonly BufferRecords _records;
    private readonly ILogger _log;
    private readonly Lock _lock = new();
    private KeyValuePair<HeapSlot, Backlog>[] _backlogs = []; // few, and looked through at each release: replaced when one comes or goes
    private readonly Backlog _withoutHeap; // of buffers whose heap ended before them
    private readonly Action _released;
    private int _pending;
    private long _progress;

    public Releaser(Quotas quotas, BufferRecords records, ILogger log)
    {
        _quotas = quotas;
        _records = records;
        _log = log;
        _released = () =>
        {
            Interlocked.Decrement(ref _pending);
            Interlocked.Increment(ref _progress);
        };
        _withoutHeap = new Backlog(this);
    }

    /// <summary>Buffers that are known to be gone and not released yet.</summary>
    public int Pending => Volatile.Read(ref _pending);

    /// <summary>Counts releases, so that a watchdog sees whether they go on.</summary>
    public long Progress => Interlocked.Read(ref _progress);

    /// <summary>A buffer is about to be enqueued, and is pending from now on.</summary>
    public void Announce() => Interlocked.Increment(ref _pending);

    /// <summary>What was announced is not to be had: somebody else ends it.</summary>
    public void Retract() => Interlocked.Decrement(ref _pending);

    /// <summary>Takes a buffer whose last reference is gone, which was announced and can be found no more. Calls nobody; <see cref="WorkOff"/> follows.</summary>
    public void Enqueue(BufferRecord record)
    {
        // Its heap may end at this moment, and its backlog with it.
        lock (_lock) (record.IsWithoutHeap ? _withoutHeap : BacklogOf(record.Heap)).Add(record);
    }

    /// <summary>Releases, on this thread, what waits and nobody else is at.</summary>
    public void WorkOff()
    {
        foreach (var (_, backlog) in Volatile.Read(ref _backlogs)) backlog.WorkOff();
        _withoutHeap.WorkOff();
    }

    /// <summary>Waits for releases that are under way on other threads, but not for a heap that hangs.</summary>
    /// <param name="patience">How long to wait in all.</param>
    public void Finish(TimeSpan patience) => SpinWait.SpinUntil(() => Pending == 0, patience);

    /// <summary>
    /// Releases a buffer, unless somebody else did or does: now, on this thread, or where an op of the buffer is under way, after it, on the op's.
    /// </summary>
    /// <param name="record">The buffer.</param>
    /// <param name="reason">Why.</param>
    /// <param name="whenDone">Called when it is released, or was before.</param>
    public void Release(BufferRecord record, ReleaseReason reason, Action? whenDone = null)
    {
        var release = OpCall.For(record, asker: null, static call =>
        {
            if (call.Record.State == BufferState.Exported) call.Record.EndImports(call);
            if (call.Record.TryBeginRelease()) ((Releaser)call.Subject.Owner).ReleaseNow(call.Record, call.Subject.Reason);
            call.Subject.WhenDone?.Invoke();
        });
        release.Subject = new OpSubject(this) { Reason = reason, WhenDone = whenDone };
        release.MayBeGivenUp = false;
        record.Turn.Post(release);
    }

    private void ReleaseNow(BufferRecord record, ReleaseReason reason)
    {
        if (!record.IsWithoutHeap) CallHeap(record.Heap, record.Buffer, reason);
        _quotas.Refund(record.Heap.Accounts, record.Owner.UserId, record.Length);
        record.Heap.Statistics.Released(record.Memory);
        record.MarkReleased();
        if (!record.IsWithoutHeap) record.Heap.Use.Leave();
    }

    /// <summary>Gives a living buffer back to its heap, which ends before it. The buffer goes on, tracked and charged as before, until its last reference is gone.</summary>
    /// <returns>False when it is being released anyway.</returns>
    public bool TakeFromHeap(BufferRecord record, ReleaseReason reason)
    {
        var reply = new WaitingReply();
        var wasTaken = false;
        record.Turn.Post(OpCall.For(record, new OpAsker(reply), call =>
        {
            record.EndImports(call); // the heap hears of their end before that of the buffer
            if (record.TakeFromHeap() is not { } taken) return;
            CallHeap(record.Heap, taken, reason);
            record.Heap.Use.Leave();
            wasTaken = true;
        }));
        try
        {
            reply.Wait();
        }
        catch (HeapException)
        {
            // The heap does not come back from an op of this buffer, so it cannot be given it back either.
        }

        return wasTaken;
    }

    /// <summary>Drops what is kept for a slot that has ended. What waited there for its release is released here: the heap has lost it, and is not called.</summary>
    public void Forget(HeapSlot slot)
    {
        lock (_lock)
        {
            if (_backlogs.FirstOrDefault(entry => entry.Key == slot).Value is not { } forgotten) return;
            Volatile.Write(ref _backlogs, [.. _backlogs.Where(entry => entry.Key != slot)]);
            forgotten.MoveTo(_withoutHeap);
        }

        _withoutHeap.WorkOff();
    }

    // Under the lock.
    private Backlog BacklogOf(HeapSlot slot)
    {
        foreach (var (heap, there) in _backlogs)
        {
            if (ReferenceEquals(heap, slot)) return there;
        }

        var backlog = new Backlog(this);
        Volatile.Write(ref _backlogs, [.. _backlogs, KeyValuePair.Create(slot, backlog)]);
        return backlog;
    }

    /// <summary>Calls the heap's release; what it throws is its own affair and goes to the log.</summary>
    public void CallHeap(HeapSlot slot, HeapBuffer buffer, ReleaseReason reason)
    {
        try
        {
            slot.Heap!.Release(buffer, reason);
        }
        catch (Exception exception)
        {
            Faulted(nameof(IHeap.Release), exception);
        }

        try
        {
            buffer.Memory.Dispose(); // a heap's own class where it broke the contract
        }
        catch (Exception exception)
        {
            Faulted(nameof(IHeapMemory) + "." + nameof(IDisposable.Dispose), exception);
        }

        void Faulted(string hook, Exception exception) => HeapFaults.Report(slot, hook, exception, _log);
    }

    private sealed class Backlog(Releaser releaser)
    {
        private readonly ConcurrentQueue<BufferRecord> _queue = new();
        private int _worked;

        public void Add(BufferRecord record) => _queue.Enqueue(record);

        public void MoveTo(Backlog other)
        {
            while (_queue.TryDequeue(out var record)) other.Add(record);
        }

        public void WorkOff()
        {
            // Looked at again after each turn: somebody may have added while the turn was still taken.
            while (!_queue.IsEmpty && Interlocked.CompareExchange(ref _worked, 1, 0) == 0)
            {
                while (_queue.TryDequeue(out var record)) ReleaseOne(record);
                Volatile.Write(ref _worked, 0);
            }
        }

        private void ReleaseOne(BufferRecord record)
        {
            releaser.Release(record, ReleaseReason.LastReferenceGone, releaser._released);
            releaser._records.LetGo(record);
        }
    }
}

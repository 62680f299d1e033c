using System.Collections.Concurrent;
using DmaHeap.Hosting.Buffers;
using DmaHeap.Hosting.Heaps;
using DmaHeap.Hosting.Policy;
using Microsoft.Extensions.Logging;

namespace DmaHeap.Hosting.Lifetime;

/// <summary>
/// Deferred free: calls the heaps' releases away from clients. What is known to be gone waits in a queue of its heap; whoever works the queues off (the watch's thread) passes over
/// a heap that somebody else is at. So releases of one heap follow each other, and a heap that hangs in one holds up only its own.
/// </summary>
internal sealed class Releaser(Quotas quotas, ILogger log)
{
    private readonly ConcurrentDictionary<HeapSlot, Backlog> _backlogs = new();
    private int _pending;
    private long _progress;

    /// <summary>Buffers that are known to be gone and not released yet.</summary>
    public int Pending => Volatile.Read(ref _pending);

    /// <summary>Counts releases, so that a watchdog sees whether they go on.</summary>
    public long Progress => Interlocked.Read(ref _progress);

    /// <summary>Takes note of a buffer whose last reference is gone. Calls nobody; <see cref="WorkOff"/> follows.</summary>
    public void Enqueue(BufferRecord record)
    {
        Interlocked.Increment(ref _pending);
        _backlogs.GetOrAdd(record.Heap, static (_, releaser) => new Backlog(releaser), this).Add(record);
    }

    /// <summary>Releases, on this thread, what waits and nobody else is at.</summary>
    public void WorkOff()
    {
        foreach (var (_, backlog) in _backlogs) backlog.WorkOff();
    }

    /// <summary>Waits for releases that are under way on other threads, but not for a heap that hangs.</summary>
    /// <param name="patience">How long to wait in all.</param>
    public void Finish(TimeSpan patience) => SpinWait.SpinUntil(() => Pending == 0, patience);

    /// <summary>Releases a buffer now, on this thread, unless somebody else did or does.</summary>
    public void Release(BufferRecord record, ReleaseReason reason)
    {
        lock (record)
        {
            if (!record.TryBeginRelease()) return; // in the lock: an op that is under way is let finish first
        }

        if (!record.IsWithoutHeap) CallHeap(record.Heap, record.Buffer, reason);
        quotas.Refund(record.Heap.Accounts, record.Owner.UserId, record.Length);
        record.Heap.Statistics.Released(record.Length);
        record.MarkReleased();
        if (!record.IsWithoutHeap) record.Heap.Use.Leave();
    }

    /// <summary>Gives a living buffer back to its heap, which ends before it. The buffer goes on, tracked and charged as before, until its last reference is gone.</summary>
    /// <returns>False when it is being released anyway.</returns>
    public bool TakeFromHeap(BufferRecord record, ReleaseReason reason)
    {
        HeapBuffer? taken;
        lock (record) taken = record.TakeFromHeap();
        if (taken is null) return false;
        CallHeap(record.Heap, taken, reason);
        record.Heap.Use.Leave();
        return true;
    }

    /// <summary>Drops what is kept for a slot that has ended.</summary>
    public void Forget(HeapSlot slot) => _backlogs.TryRemove(slot, out _);

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

        void Faulted(string hook, Exception exception)
        {
            slot.Statistics.HookFailed();
            HostLog.HeapFaulted(log, slot.Name, hook, CurrentRequest.Text, exception);
        }
    }

    private sealed class Backlog(Releaser releaser)
    {
        private readonly ConcurrentQueue<BufferRecord> _queue = new();
        private int _worked;

        public void Add(BufferRecord record) => _queue.Enqueue(record);

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
            releaser.Release(record, ReleaseReason.LastReferenceGone);
            Interlocked.Decrement(ref releaser._pending);
            Interlocked.Increment(ref releaser._progress);
        }
    }
}

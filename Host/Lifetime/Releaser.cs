using System.Collections.Concurrent;
using DmaHeap.Hosting.Buffers;
using DmaHeap.Hosting.Heaps;
using DmaHeap.Hosting.Policy;
using Microsoft.Extensions.Logging;

namespace DmaHeap.Hosting.Lifetime;

/// <summary>
/// Deferred free: releases buffers on workers, so that neither the watch nor a client waits for a heap. Each heap has its own queue, emptied by one worker at a time,
/// so a heap that hangs in a release holds up only itself.
/// </summary>
internal sealed class Releaser(Quotas quotas, ILogger log)
{
    private readonly ConcurrentDictionary<HeapSlot, Backlog> _backlogs = new();
    private int _pending;

    /// <summary>Buffers that are known to be gone and not released yet.</summary>
    public int Pending => Volatile.Read(ref _pending);

    /// <summary>Releases a buffer later, on a worker.</summary>
    public void Enqueue(BufferRecord record)
    {
        Interlocked.Increment(ref _pending);
        var backlog = _backlogs.GetOrAdd(record.Heap, static (_, releaser) => new Backlog(releaser), this);
        backlog.Add(record);
    }

    /// <summary>Releases on this thread what is still queued, and waits for the workers that are at it.</summary>
    public void Finish()
    {
        foreach (var backlog in _backlogs.Values) backlog.Finish();
    }

    /// <summary>Releases a buffer now, on this thread, unless somebody else did or does.</summary>
    public void Release(BufferRecord record, ReleaseReason reason)
    {
        if (!record.TryBeginRelease()) return;
        CallHeap(record.Heap, record.Buffer, reason);
        quotas.Refund(record.Heap.Accounts, record.Owner.UserId, record.Length);
        record.Heap.Statistics.Released(record.Length);
        record.MarkReleased();
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
            slot.Statistics.HookFailed();
            HostLog.HeapFaulted(log, slot.Name, nameof(IHeap.Release), exception);
        }

        buffer.Memory.Dispose();
    }

    private sealed class Backlog(Releaser releaser) : IThreadPoolWorkItem
    {
        private readonly ConcurrentQueue<BufferRecord> _queue = new();
        private readonly Lock _turn = new();
        private int _scheduled;

        public void Add(BufferRecord record)
        {
            _queue.Enqueue(record);
            Start();
        }

        public void Execute()
        {
            lock (_turn)
            {
                Volatile.Write(ref _scheduled, 0);
                while (_queue.TryDequeue(out var record))
                {
                    releaser.Release(record, ReleaseReason.LastReferenceGone);
                    Interlocked.Decrement(ref releaser._pending);
                }
            }
        }

        public void Finish() => Execute();

        private void Start()
        {
            if (Interlocked.Exchange(ref _scheduled, 1) == 0) ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }
}

using DmaHeap.Hosting.Buffers;
using Microsoft.Extensions.Logging;

namespace DmaHeap.Hosting.Ops;

/// <summary>
/// Looks after the threads that are inside a heap's op. One that does not come back within the heap's limit is given up, since a thread cannot be ended: whoever waits for it is
/// answered, and the heap is faulted.
/// </summary>
internal sealed class OpWatch : IDisposable
{
    private static readonly TimeSpan s_most = TimeSpan.FromMilliseconds(100);

    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Lock _lock = new();
    private readonly HashSet<OpCall> _inHeap = [];
    private readonly ITimer _watchdog;

    /// <param name="time">The watchdog's clock.</param>
    /// <param name="log">For heaps that do not come back.</param>
    public OpWatch(TimeProvider time, ILogger log)
    {
        _time = time;
        _log = log;
        _watchdog = time.CreateTimer(_ => Look(), null, s_most, s_most);
    }

    /// <summary>Told of each thread that is given up; called by the watchdog.</summary>
    public event Action<Thread>? ThreadLost;

    /// <summary>Notes that this thread goes into the heap.</summary>
    public void Enter(OpCall call, string op)
    {
        call.EnterHeap(op, _time.GetTimestamp());
        lock (_lock) _inHeap.Add(call);
    }

    /// <summary>Notes that this thread is back.</summary>
    /// <exception cref="HeapException">It was given up meanwhile, so what it brings comes too late.</exception>
    public void Leave(OpCall call)
    {
        lock (_lock) _inHeap.Remove(call);
        if (call.TryLeaveHeap()) return;
        var heap = call.Record.Heap;
        heap.Health.ThreadCameBack();
        HostLog.OpCameBack(_log, heap.Name, call.Op, call.Record.Sequence);
        throw heap.Health.Refusal(heap.Name);
    }

    public void Dispose() => _watchdog.Dispose();

    private void Look()
    {
        OpCall[] inHeap;
        lock (_lock)
        {
            if (_inHeap.Count == 0) return;
            inHeap = [.. _inHeap];
        }

        foreach (var call in inHeap)
        {
            var limit = call.Record.Heap.Definition.OpTimeout;
            if (_time.GetElapsedTime(call.EnteredAt) > limit) GiveUp(call, limit);
        }
    }

    private void GiveUp(OpCall call, TimeSpan limit)
    {
        var heap = call.Record.Heap;
        var op = call.Op;
        // Faulted before the call is given up: nobody may enter the heap once its callers hear of it.
        heap.Health.TryFault($"does not come back from {op} within {limit.TotalMilliseconds:0} ms");
        if (!call.TryLose()) return;
        heap.Health.ThreadLost();
        HostLog.OpStuck(_log, heap.Name, op, call.Record.Sequence, (long)limit.TotalMilliseconds);
        if (call.Thread is { } thread) ThreadLost?.Invoke(thread);
        call.GiveUp(heap.Health.Refusal(heap.Name));
        call.Record.Turn.GiveUpWaiting();
    }
}

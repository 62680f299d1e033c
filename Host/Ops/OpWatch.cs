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
    private readonly Dictionary<OpCall, Stay> _inHeap = [];
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
        var stay = new Stay(call, call.EnterHeap(), call.Record, op, _time.GetTimestamp(), Thread.CurrentThread);
        lock (_lock) _inHeap.Add(call, stay);
    }

    /// <summary>Notes that this thread is back.</summary>
    /// <exception cref="HeapException">It was given up meanwhile, so what it brings comes too late.</exception>
    public void Leave(OpCall call)
    {
        Stay stay;
        lock (_lock) _inHeap.Remove(call, out stay);
        if (call.TryLeaveHeap()) return;
        var heap = call.Record.Heap;
        heap.Health.ThreadCameBack();
        HostLog.OpCameBack(_log, heap.Name, stay.Op, call.Record.Sequence);
        throw heap.Health.Refusal(heap.Name);
    }

    public void Dispose() => _watchdog.Dispose();

    private void Look()
    {
        Stay[] inHeap;
        lock (_lock)
        {
            if (_inHeap.Count == 0) return;
            inHeap = [.. _inHeap.Values];
        }

        foreach (var stay in inHeap)
        {
            var limit = stay.Record.Heap.Definition.OpTimeout;
            if (_time.GetElapsedTime(stay.Since) > limit) GiveUp(in stay, limit);
        }
    }

    private void GiveUp(in Stay stay, TimeSpan limit)
    {
        var (record, heap, call) = (stay.Record, stay.Record.Heap, stay.Call);
        // Faulted before the call is given up: nobody may enter the heap once its callers hear of it.
        heap.Health.TryFault($"does not come back from {stay.Op} within {limit.TotalMilliseconds:0} ms");
        if (!call.TryLose(stay.Entry)) return;
        heap.Health.ThreadLost();
        HostLog.OpStuck(_log, heap.Name, stay.Op, record.Sequence, (long)limit.TotalMilliseconds);
        ThreadLost?.Invoke(stay.Thread);
        call.GiveUp(heap.Health.Refusal(heap.Name));
        record.Turn.GiveUpWaiting(record);
    }

    // All that there is to know of a thread in a heap, of this one time: the call may have gone on to other things when the watchdog has come to it.
    private readonly record struct Stay(OpCall Call, long Entry, BufferRecord Record, string Op, long Since, Thread Thread);
}

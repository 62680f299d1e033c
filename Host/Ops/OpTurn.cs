using DmaHeap.Hosting.Heaps;

namespace DmaHeap.Hosting.Ops;

/// <summary>
/// The ops of one buffer, one at a time, in the order they came. Nobody waits for a turn: whoever comes while it is taken leaves its call behind, and the thread that has the turn
/// carries that out as well. So a heap that is slow with one buffer holds up one thread, however many want something of that buffer.
/// </summary>
internal sealed class OpTurn(HeapSlot heap)
{
    private readonly Lock _lock = new();
    private Queue<OpCall>? _waiting;
    private bool _taken;

    /// <summary>Carries a call out, on this thread or on the one that has the turn. The call answers for itself.</summary>
    public void Post(OpCall call)
    {
        bool isOurs;
        lock (_lock)
        {
            call.Reply.Routed();
            isOurs = !_taken;
            if (isOurs) _taken = true;
            else if (!heap.Health.IsFaulted || !call.MayBeGivenUp)
            {
                (_waiting ??= new()).Enqueue(call);
                return;
            }
        }

        if (!isOurs)
        {
            call.GiveUp(heap.Health.Refusal(heap.Name));
            return;
        }

        for (OpCall? next = call; next is not null; next = TakeNext()) next.Execute();
    }

    /// <summary>Answers those who wait behind a call that does not come back. The heap is faulted by now.</summary>
    public void GiveUpWaiting()
    {
        OpCall[] waiting;
        lock (_lock)
        {
            if (_waiting is null) return;
            waiting = [.. _waiting.Where(call => call.MayBeGivenUp)];
            _waiting = new(_waiting.Where(call => !call.MayBeGivenUp));
        }

        foreach (var call in waiting) call.GiveUp(heap.Health.Refusal(heap.Name));
    }

    private OpCall? TakeNext()
    {
        lock (_lock)
        {
            if (_waiting is not null && _waiting.TryDequeue(out var next)) return next;
            _taken = false;
            return null;
        }
    }
}

using DmaHeap.Hosting.Buffers;

namespace DmaHeap.Hosting.Ops;

/// <summary>
/// The ops of one buffer, one at a time, in the order they came. Nobody waits for a turn: whoever comes while it is taken leaves its call behind, and the thread that has the turn
/// carries that out as well. So a heap that is slow with one buffer holds up one thread, however many want something of that buffer.
/// </summary>
/// <remarks>A part of the buffer's record, which is its lock as well: most buffers never see an op, and there may be a hundred thousand.</remarks>
internal struct OpTurn
{
    private Queue<OpCall>? _waiting;
    private bool _taken;

    /// <summary>Carries a call out, on this thread or on the one that has the turn. The call answers for itself, and is not its caller's any more.</summary>
    public void Post(OpCall call)
    {
        var record = call.Record;
        bool isOurs;
        lock (record)
        {
            call.Reply.Routed();
            isOurs = !_taken;
            if (isOurs) _taken = true;
            else if (!record.Heap.Health.IsFaulted || !call.MayBeGivenUp)
            {
                (_waiting ??= new()).Enqueue(call);
                return;
            }
        }

        if (!isOurs)
        {
            call.GiveUp(record.Heap.Health.Refusal(record.Heap.Name));
            return;
        }

        for (OpCall? next = call; next is not null; next = TakeNext(record))
        {
            next.Execute();
            next.Return();
        }
    }

    /// <summary>Answers those who wait behind a call that does not come back. The heap is faulted by now.</summary>
    public void GiveUpWaiting(BufferRecord record)
    {
        OpCall[] waiting;
        lock (record)
        {
            if (_waiting is null) return;
            waiting = [.. _waiting.Where(call => call.MayBeGivenUp)];
            _waiting = new(_waiting.Where(call => !call.MayBeGivenUp));
        }

        foreach (var call in waiting) call.GiveUp(record.Heap.Health.Refusal(record.Heap.Name));
    }

    private OpCall? TakeNext(BufferRecord record)
    {
        lock (record)
        {
            if (_waiting is not null && _waiting.TryDequeue(out var next)) return next;
            _taken = false;
            return null;
        }
    }
}

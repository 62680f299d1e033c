namespace DmaHeap.Hosting.Isolation;

/// <summary>One call into a worker. Dispose it: its lane serves the next one, if the answer was read to its end.</summary>
internal sealed class WorkerCall(WorkerSession session, WorkerLane lane, WireWriter message) : IDisposable
{
    private bool _wasAnswered;

    public WorkerLane Lane => lane;

    /// <summary>What the call says; its caller goes on writing there.</summary>
    public WireWriter Message => message;

    /// <summary>Sends it and waits.</summary>
    /// <param name="read">Reads the answer.</param>
    /// <inheritdoc cref="WorkerLane.Receive"/>
    public T Complete<T>(Func<WireReader, T> read)
    {
        try
        {
            lane.Send();
            var from = lane.Receive(out var hasMore);
            if (hasMore) throw new WireException("sent an answer in parts where one was due");
            var result = read(from);
            from.End();
            _wasAnswered = true;
            return result;
        }
        catch (WireException fault)
        {
            throw Broken(fault);
        }
        catch (Exception refusal) when (refusal is HeapException or OperationCanceledException or WorkerFaultException)
        {
            _wasAnswered = session.WhyEnded is null;
            throw;
        }
    }

    /// <summary>As <see cref="Complete{T}"/>, of an answer without content.</summary>
    public void Complete() => Complete(static _ => 0);

    /// <summary>As <see cref="Complete{T}"/>, of an answer that comes in parts.</summary>
    /// <param name="read">Reads one part.</param>
    public void CompleteInParts(Action<WireReader> read)
    {
        var hasMore = true;
        try
        {
            lane.Send();
            while (hasMore)
            {
                var from = lane.Receive(out hasMore);
                read(from);
                from.End();
            }

            _wasAnswered = true;
        }
        catch (WireException fault)
        {
            throw Broken(fault);
        }
        catch (Exception refusal) when (refusal is HeapException or OperationCanceledException or WorkerFaultException)
        {
            _wasAnswered = session.WhyEnded is null && !hasMore; // what is still to come would be taken for the next answer
            throw;
        }
    }

    /// <summary>Tells the heap that nobody waits any more. From any thread, while the call is under way.</summary>
    public void Withdraw() => session.Withdraw(lane);

    public void Dispose()
    {
        if (_wasAnswered) session.Return(lane);
        else session.Discard(lane);
    }

    // What is gone may be gone for a reason that the session knows better, or will in a moment.
    private HeapException Broken(WireException fault)
    {
        session.EndOfCall(fault.Message);
        return session.Gone();
    }
}

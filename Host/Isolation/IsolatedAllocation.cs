using DmaHeap.Hosting.Heaps;

namespace DmaHeap.Hosting.Isolation;

/// <summary>
/// An allocation of a heap in a worker: one round trip, if the heap takes what is promised to it. Where the promise cannot be kept the buffer is given back, and the heap is asked once more
/// without one: it then hears the refusal where a heap in the host would, and what to do about it is the heap's to decide.
/// </summary>
internal static class IsolatedAllocation
{
    /// <inheritdoc cref="IHeap.Allocate"/>
    public static HeapBuffer Run(WorkerSession session, in AllocationRequest request, IHeapMemoryService memory, CancellationToken cancellationToken)
    {
        var promise = default(MemoryPromise);
        if (PromisedPages.For(in request, memory) is { } pages && session.Memory.TryPromise(pages) is { } id) promise = new MemoryPromise(id, pages.Length, pages.PageSize);
        HeapException? broken;
        try
        {
            if (Call(session, in request, in promise, cancellationToken, out broken) is { } buffer) return buffer;
        }
        finally
        {
            if (promise.Number != 0) session.Memory.EndPromise(promise.Number);
        }

        return Call(session, in request, default, cancellationToken, out broken) ?? throw broken!;
    }

    // Null where the memory was promised, in this call or before, and cannot be had.
    private static IsolatedBuffer? Call(WorkerSession session, in AllocationRequest request, in MemoryPromise promise, CancellationToken cancellationToken, out HeapException? broken)
    {
        Answer answer;
        ulong number;
        using (var call = session.Begin(WireKind.Allocate, isBounded: false))
        {
            call.Message.Write(in request);
            call.Message.Write(in promise);
            number = call.Lane.Call;
            using var withdrawal = cancellationToken.UnsafeRegister(static state => ((WorkerCall)state!).Withdraw(), call);
            answer = call.Complete(from => Read(from, session.Memory));
        }

        broken = answer.Broken;
        if (answer.Memory is { } memory) return new IsolatedBuffer(session, number, answer.Number, memory, answer.Hooks, answer.Policy);
        try
        {
            session.Undo(WireKind.Release, to => to.Number(number).Int((int)ReleaseReason.ExportFailed));
        }
        finally
        {
            session.Memory.Dispose(answer.Number); // its release may have made it after all
        }

        return null;
    }

    private static Answer Read(WireReader from, WorkerMemory memories)
    {
        var (number, hooks, policy) = (from.Number(), (BufferHooks)from.Int(), (MmapPolicy)from.Int());
        if ((hooks & ~BufferHooks.All) != 0 || !Enum.IsDefined(policy)) throw new WireException("returned a buffer that makes no sense");
        from.End(); // before anything is taken that would have to be given back
        try
        {
            return new Answer(number, hooks, policy, memories.TakeForBuffer(number), null);
        }
        catch (Exception exception) when (exception is not WireException)
        {
            return new Answer(number, hooks, policy, null, WorkerRequests.RefusalFor(exception));
        }
    }

    private readonly record struct Answer(ulong Number, BufferHooks Hooks, MmapPolicy Policy, IHeapMemory? Memory, HeapException? Broken);
}

using DmaHeap.Hosting.Heaps;

namespace DmaHeap.Hosting.Reclaim;

/// <summary>
/// A heap that implements <see cref="IShrinker"/>. It is asked on a thread of its own, which is given up when it does not come back within the heap's limit: no thread that serves clients
/// is lost to it, and whoever is short of memory waits no longer. Of what the heap says it gave, the host believes what its count fell by.
/// </summary>
internal sealed class ShrinkerSource(HeapSlot slot) : ReclaimSource
{
    public override string Name => $"heap {slot.Name}";

    public override bool MayHave => slot.Fault is null && slot.Heap.Shrinker() is not null;

    protected override ReclaimStep? AskInTurn(Func<long, long> wanted)
    {
        // A heap that was replaced is asked as long as its buffers keep it from its end.
        if (!MayHave || !slot.Use.TryJoin())
        {
            ReturnTurn();
            return null;
        }

        var call = new ShrinkerCall(slot, wanted);
        try
        {
            new Thread(() => Run(call)) { IsBackground = true, Name = "dmaheap shrink" }.Start();
        }
        catch (Exception exception) when (exception is OutOfMemoryException or ThreadStartException)
        {
            // Not unlikely when memory is short; the heap had no part in it.
            slot.Use.Leave();
            ReturnTurn();
            HostLog.ReclaimFailed(slot.Log, Name, "no thread could be started", exception);
            return new ReclaimStep(Name, 0, 0, 0, TimeSpan.Zero, ReclaimResult.Failed);
        }

        using (slot.Time.CreateTimer(static state => ((ShrinkerCall)state!).GiveUp(), call, slot.Definition.OpTimeout, slot.Definition.OpTimeout)) call.Wait();
        var (count, asked, given, result) = call.Answer;
        return count <= 0 && result == ReclaimResult.Done ? null : new ReclaimStep(Name, count, asked, given, call.Elapsed, result);
    }

    private void Run(ShrinkerCall call)
    {
        call.Carry();
        slot.Use.Leave();
        ReturnTurn();
    }
}

using System.Runtime.CompilerServices;
using DmaHeap.Hosting.Heaps;

namespace DmaHeap.Hosting.Reclaim;

/// <summary>One round with a heap's <see cref="IShrinker"/>: what it has, what it gives, what it has then. Answered once: by the thread that is in the heap, or by the clock.</summary>
/// <param name="slot">The heap.</param>
/// <param name="wanted">Says, of what the heap has, how much of it is wanted.</param>
internal sealed class ShrinkerCall(HeapSlot slot, Func<long, long> wanted)
{
    private readonly RequestId _request = CurrentRequest.Id;
    private readonly long _began = slot.Time.GetTimestamp();
    private readonly ManualResetEventSlim _answered = new();
    private volatile string _hook = nameof(IShrinker.Count);
    private int _isOver;

    public (long Count, long Asked, long Given, ReclaimResult Result) Answer { get; private set; }

    public TimeSpan Elapsed { get; private set; }

    /// <summary>Waits until it is answered.</summary>
    public void Wait() => _answered.Wait();

    /// <summary>Carries it out on this thread. Never throws.</summary>
    public void Carry()
    {
        using var request = CurrentRequest.Resume(_request);
        (long Count, long Asked, long Given, ReclaimResult Result) answer = default;
        try
        {
            if (slot.Heap.Shrinker() is { } shrinker) AskHeap(shrinker, ref answer);
        }
        catch (Exception exception)
        {
            answer = answer with { Given = 0, Result = ReclaimResult.Failed };
            // A refusal is no fault, though it is no answer either: a worker process that is just gone refuses.
            if (exception is HeapException) HostLog.ReclaimFailed(slot.Log, $"heap {slot.Name}", exception.Message, null);
            else HeapFaults.Report(slot, _hook, exception, slot.Log);
        }

        if (TryEnd())
        {
            Tell(answer);
            return;
        }

        slot.Health.ThreadCameBack();
        HostLog.ShrinkerCameBack(slot.Log, slot.Name, _hook);
    }

    /// <summary>Gives the heap up, unless it came back already.</summary>
    public void GiveUp()
    {
        if (!TryEnd()) return;
        var limit = (long)slot.Definition.OpTimeout.TotalMilliseconds;
        slot.Health.TryFault($"does not come back from {_hook} within {limit} ms"); // before anybody hears of it: nobody enters the heap any more
        slot.Health.ThreadLost();
        HostLog.ShrinkerStuck(slot.Log, slot.Name, _hook, limit);
        Tell((0, 0, 0, ReclaimResult.Stuck));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void AskHeap(IShrinker shrinker, ref (long Count, long Asked, long Given, ReclaimResult Result) answer)
    {
        answer.Count = Sane(nameof(IShrinker.Count), shrinker.Count());
        if (answer.Count == 0 || (answer.Asked = wanted(answer.Count)) <= 0) return;
        _hook = nameof(IShrinker.Scan);
        var said = Sane(nameof(IShrinker.Scan), shrinker.Scan(answer.Asked));
        _hook = nameof(IShrinker.Count);
        var fell = answer.Count - Sane(nameof(IShrinker.Count), shrinker.Count());
        answer.Given = Math.Max(0, Math.Min(said, fell));
        if (answer.Given < said) HostLog.ShrinkerDoubted(slot.Log, slot.Name, said, fell);
    }

    private static long Sane(string hook, long bytes) => bytes >= 0 ? bytes : throw new InvalidOperationException($"{hook} returned {bytes} bytes.");

    private bool TryEnd() => Interlocked.Exchange(ref _isOver, 1) == 0;

    private void Tell((long Count, long Asked, long Given, ReclaimResult Result) answer)
    {
        (Answer, Elapsed) = (answer, slot.Time.GetElapsedTime(_began));
        _answered.Set();
    }
}

using System.Diagnostics;
using DmaHeap.Hosting.Heaps;

namespace DmaHeap.Testing.Conformance;

/// <summary>What cannot be had is refused at once, in the contract's terms.</summary>
internal sealed class Refusals : ConformanceCase
{
    private static readonly TimeSpan s_atOnce = TimeSpan.FromSeconds(5);

    public override string Name => "refusals";

    public override string Checks => "Lengths that nobody can have are refused at once with ENOMEM, a declared errno, a well-formed cause and a sentence, and the heap works on.";

    public override string Failure => "Clients get errno and cause as they are and count by them: refuse with HeapException, an errno of HeapErrno and a cause of lower case words joined by '-'.";

    internal override void Check(CaseRun run)
    {
        CheckOne(run, long.MaxValue / 2);
        CheckOne(run, long.MaxValue);
        if (run.Promises(HeapCapabilities.FixedCapacity) && run.Recorder.Inner.Gauge() is { } gauge) CheckOne(run, gauge.ReadGauges().Capacity + run.Heap.SmallLength);
        run.Allocate(run.Heap.SmallLength).Dispose();
    }

    private static void CheckOne(CaseRun run, long length)
    {
        var asked = Stopwatch.StartNew();
        try
        {
            using var buffer = run.TryAllocate(length);
        }
        catch (HeapException refusal)
        {
            if (run.Recorder.Refusals.LastOrDefault(thrown => thrown is not HeapException) is { } fault)
            {
                throw new CaseFailure($"for {length} bytes Allocate threw {fault.GetType().Name} ({fault.Message}), which clients see as a fault of the heap", fault);
            }

            RefusalForm.Check(refusal);
            if (refusal.Errno != HeapErrno.NoMemory) throw new CaseFailure($"{length} bytes, more than there can be, were refused with {refusal.Errno}", refusal);
            if (asked.Elapsed > s_atOnce) throw new CaseFailure($"{length} bytes were refused only after {asked.Elapsed.TotalSeconds:0.0} s", refusal);
            return;
        }

        throw new CaseFailure($"{length} bytes, more than there can be, were handed out");
    }
}

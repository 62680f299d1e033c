using DmaHeap.Hosting.Heaps;

namespace DmaHeap.Testing.Conformance;

/// <summary>A heap that was full has all of its region again once its buffers are released.</summary>
internal sealed class Recovery : ConformanceCase
{
    public override string Name => "recovery";

    public override string Checks => "A heap that was filled up and emptied hands out as much again, and its gauge is back where it was.";

    public override string Failure => "The heap shrinks with every buffer until nothing is left: Release must return to the region all that Allocate took.";

    public override HeapCapabilities Needs => HeapCapabilities.FixedCapacity;

    internal override void Check(CaseRun run)
    {
        var gauge = run.Recorder.Inner.Gauge();
        var freeBefore = gauge?.ReadGauges().Free;
        var first = FillAndEmpty(run);
        var second = FillAndEmpty(run);
        if (second != first) throw new CaseFailure($"the heap handed out {CaseRun.Text(first)} until it was full, and {CaseRun.Text(second)} after all of that was released");
        var freeAfter = gauge?.ReadGauges().Free;
        if (freeAfter != freeBefore) throw new CaseFailure($"{freeBefore} bytes were free at first, and {freeAfter} after everything was released");
    }

    private static long FillAndEmpty(CaseRun run)
    {
        long bytes;
        using (var filling = Filling.Fill(run)) bytes = filling.Bytes;
        run.AwaitReleases();
        return bytes;
    }
}

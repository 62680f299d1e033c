namespace DmaHeap.Testing.Conformance;

/// <summary>A heap of fixed size tells how much is left, and it is true.</summary>
internal sealed class Gauges : ConformanceCase
{
    public override string Name => "gauges";

    public override string Checks => "The heap has gauges, they agree with each other, and free bytes fall by what is handed out.";

    public override string Failure => "Operators and placement look at the gauges before they ask; a gauge that lies sends them to a full heap.";

    public override HeapCapabilities Needs => HeapCapabilities.FixedCapacity;

    internal override void Check(CaseRun run)
    {
        if (run.Recorder.Inner is not IHeapGauge gauge) throw new CaseFailure("the heap promises FixedCapacity and does not implement IHeapGauge");
        var before = Read(gauge);
        using var small = run.Allocate(run.Heap.SmallLength);
        var between = Read(gauge);
        ExpectFall(before, between, small.Length);
        using var large = run.Allocate(run.Heap.LargeLength);
        ExpectFall(between, Read(gauge), large.Length);
    }

    private static HeapGauges Read(IHeapGauge gauge)
    {
        var gauges = gauge.ReadGauges();
        if (gauges is { Capacity: > 0, Free: >= 0, LargestRun: >= 0 } && gauges.LargestRun <= gauges.Free && gauges.Free <= gauges.Capacity) return gauges;
        throw new CaseFailure($"the gauges contradict each other: {gauges}");
    }

    private static void ExpectFall(HeapGauges before, HeapGauges after, long length)
    {
        if (after.Capacity != before.Capacity) throw new CaseFailure($"the capacity went from {before.Capacity} to {after.Capacity} bytes");
        if (before.Free - after.Free < length) throw new CaseFailure($"free bytes went from {before.Free} to {after.Free} when a buffer of {length} was handed out");
    }
}

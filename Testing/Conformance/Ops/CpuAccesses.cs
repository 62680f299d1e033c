namespace DmaHeap.Testing.Conformance;

/// <summary>Programs say when they touch a buffer, each in its own rhythm.</summary>
internal sealed class CpuAccesses : ConformanceCase
{
    private static readonly DataDirection[] s_directions = [DataDirection.Bidirectional, DataDirection.ToDevice, DataDirection.FromDevice];

    public override string Name => "cpu-access";

    public override string Checks => "CPU access begins and ends in every direction, one inside the other and of two processes at a time, without an exception.";

    public override string Failure => "DMA_BUF_IOCTL_SYNC of programs that share a buffer is interleaved as they run: count the accesses, do not take them for turns.";

    internal override void Check(CaseRun run)
    {
        using var buffer = run.Allocate(run.Heap.SmallLength);
        var (a, b) = Importer.Two(run.Import(buffer));
        foreach (var outer in s_directions)
        {
            foreach (var inner in s_directions)
            {
                a.BeginCpuAccess(outer);
                b.BeginCpuAccess(inner);
                a.BeginCpuAccess(inner);
                a.EndCpuAccess(outer);
                b.EndCpuAccess(inner);
                a.EndCpuAccess(inner);
            }
        }
    }
}

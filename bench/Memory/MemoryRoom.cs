using DmaHeap.Linux;

namespace DmaHeap.Bench;

/// <summary>Whether this machine can hold what a measurement needs.</summary>
static class MemoryRoom
{
    // A host grants no more than half of the machine's memory, or of the cgroup's limit, to all buffers together.
    const double MostOfAll = 0.45;

    public static bool IsThere(long bytes)
    {
        var machine = MachineMemory.Read();
        var group = new ControlGroups().ReadMemory();
        return bytes <= Math.Min(machine.Available, group?.Available ?? long.MaxValue) && bytes <= Math.Min(machine.Total, group?.Limit ?? long.MaxValue) * MostOfAll;
    }

    public static void Demand(long bytes)
    {
        if (!IsThere(bytes)) throw new CannotMeasureException($"{Unit.Bytes.Show(bytes)} of memory are needed, and this machine cannot spare them");
    }
}

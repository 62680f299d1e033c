namespace DmaHeap.Bench;

/// <summary>What programs pay under <c>dmaheap exec</c>.</summary>
static class ExecPart
{
    public static void Run(Workbench bench)
    {
        ExecTrips.Run(bench);
        ExecStart.Run(bench);
    }
}

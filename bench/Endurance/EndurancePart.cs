namespace DmaHeap.Bench;

/// <summary>What a long life and a sudden end come to.</summary>
static class EndurancePart
{
    public static void Run(Workbench bench)
    {
        ManyTrips.Run(bench);
        Restart.Run(bench);
    }
}

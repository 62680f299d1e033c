namespace DmaHeap.Bench;

/// <summary>Allocate and free: what a round trip costs, and how that grows.</summary>
static class TripPart
{
    public static void Run(Workbench bench)
    {
        RoundTrip.Run(bench);
        BatchTrips.Run(bench);
        ClientRates.Run(bench);
    }
}

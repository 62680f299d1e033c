namespace DmaHeap.Bench;

/// <summary>Allocate 4 KiB and close it, one client, one request at a time: host and broker in turn, round by round.</summary>
static class RoundTrip
{
    const double Target = 1.05, TargetP99 = 1.5;

    public static Result Measure(Workbench bench)
    {
        using var broker = ServerProcess.StartBroker(bench.Native, bench.Folder);
        using var host = ServerProcess.StartHost(bench.Folder);
        TripClient.Run(bench.Native, host, bench.Scale.Trips); // the runtime compiles what is hot
        return Pairs.Measure(bench.Scale.Rounds, () => TripClient.Run(bench.Native, host, bench.Scale.Trips), () => TripClient.Run(bench.Native, broker, bench.Scale.Trips))
            .ToResult("allocate + free 4 KiB", "C broker", Target, TargetP99);
    }
}

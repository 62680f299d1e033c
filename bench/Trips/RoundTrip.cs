namespace DmaHeap.Bench;

/// <summary>Allocate 4 KiB and close it, one client, one request at a time: host and broker in turn, round by round.</summary>
static class RoundTrip
{
    /// <summary>A pool of single pages, as many as a burst takes.</summary>
    public const string Pool = """ "pool": { "min": "8MiB", "max": "32MiB", "sizes": ["4KiB"] } """;

    const string Work = "allocate + free 4 KiB", PooledWork = "allocate + free 4 KiB, pooled";
    const double Most = 1.05, MostP99 = 1.5, MostPooled = 0.8;

    public static void Run(Workbench bench)
    {
        bench.Measure(Work, () =>
        {
            using var host = ServerProcess.StartHost(bench.Folder);
            return Against(bench, host).ToResult(Work, "C broker", Most, MostP99);
        });
        bench.Measure(PooledWork, () =>
        {
            using var host = ServerProcess.StartHost(bench.Folder, "pooled", HostConfiguration.OfSystemHeap(bench.Folder, "pooled", Pool));
            return Against(bench, host).ToResult(PooledWork, "C broker without a pool", MostPooled, note: "without a pause, so the pool is filled while it is emptied");
        });
    }

    static Pairs Against(Workbench bench, ServerProcess host)
    {
        using var broker = ServerProcess.StartBroker(bench.Native, bench.Folder);
        TripClient.Run(bench.Native, host, bench.Scale.Trips); // the runtime compiles what is hot
        return Pairs.Measure(bench.Scale.Rounds, () => TripClient.Run(bench.Native, host, bench.Scale.Trips), () => TripClient.Run(bench.Native, broker, bench.Scale.Trips));
    }
}

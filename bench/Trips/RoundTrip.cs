namespace DmaHeap.Bench;

/// <summary>Allocate 4 KiB and close it, one client, one request at a time: host and broker in turn, round by round.</summary>
static class RoundTrip
{
    /// <summary>Single pages that are kept ready where a pool is measured.</summary>
    public const int Kept = 2048;

    /// <summary>Bytes of a buffer.</summary>
    public const long Length = 4096;

    const string Work = "allocate + free 4 KiB", PooledWork = Work + ", pooled", SustainedWork = PooledWork + ", without a pause";
    const double Most = 1.05, MostP99 = 1.5, MostPooled = 0.8;

    public static void Run(Workbench bench)
    {
        bench.Measure(Work, () =>
        {
            using var host = ServerProcess.StartHost(bench.Folder);
            return Against(bench, host, new TripOrder(bench.Scale.Trips), () => { }).ToResult(Work, "C broker", Most, MostP99);
        });
        bench.MeasureAll(PooledWork, () => Pooled(bench));
    }

    static IEnumerable<Result> Pooled(Workbench bench)
    {
        const int Warmup = 100;
        using var host = PooledHost.Start(bench, PageKind.Small, Length, Kept);
        var burst = new TripOrder(host.Burst - Warmup) { Warmup = Warmup };
        yield return Against(bench, host.Server, burst, host.AwaitFull)
            .ToResult(PooledWork, "C broker without a pool", MostPooled, note: $"{burst.Trips} in a row, from a pool of {Kept} that is full when they begin");

        var all = Against(bench, host.Server, new TripOrder(bench.Scale.Trips), () => { });
        yield return all.ToResult(SustainedWork, "C broker without a pool", null, note: "the pool is filled while it is emptied, on the same processors");
    }

    static Pairs Against(Workbench bench, ServerProcess host, TripOrder order, Action before)
    {
        using var broker = ServerProcess.StartBroker(bench.Native, bench.Folder);
        TripClient.Run(bench.Native, host, bench.Scale.Trips); // the runtime compiles what is hot
        return Pairs.Measure(bench.Scale.Rounds, Ours, () => TripClient.Run(bench.Native, broker, order).Times);

        TripTimes Ours()
        {
            before();
            return TripClient.Run(bench.Native, host, order).Times;
        }
    }
}

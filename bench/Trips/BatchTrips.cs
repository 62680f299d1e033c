namespace DmaHeap.Bench;

/// <summary>Several buffers in one request, for each of them, beside as many single requests to the C broker.</summary>
static class BatchTrips
{
    const double Most = 0.25;
    const int Size = 32;

    public static void Run(Workbench bench)
    {
        var ours = new List<CurvePoint>();
        var pooled = new List<CurvePoint>();
        var theirs = new List<CurvePoint>();
        bench.MeasureAll($"{Size} buffers in one batch, for each", () =>
        {
            using var host = ServerProcess.StartHost(bench.Folder, "batches", HostConfiguration.OfSystemHeap(bench.Folder, "batches"));
            return Measure(bench, host, "", size => Ours(bench, host, size), ours, theirs);
        });
        bench.MeasureAll($"{Size} buffers in one batch, pooled, for each", () =>
        {
            using var host = PooledHost.Start(bench, PageKind.Small, RoundTrip.Length, RoundTrip.Kept);
            return Measure(bench, host.Server, ", pooled", size => Pooled(bench, host, size), pooled, null);
        });
        bench.Add(new Curve(
            "batch-size", "Allocate and free buffers of 4 KiB in batches", new("buffers in a batch", Unit.Count, true), new("p50 for each buffer", Unit.Time, true),
            [new("dmaheap, one request", ours), new("dmaheap, from a warm pool", pooled), new("C broker, one by one", theirs) { IsBaseline = true }]));
    }

    static List<Result> Measure(Workbench bench, ServerProcess host, string kind, Func<int, TripTimes> ours, List<CurvePoint> curve, List<CurvePoint>? baseline)
    {
        using var broker = ServerProcess.StartBroker(bench.Native, bench.Folder);
        Ours(bench, host, Size); // the runtime compiles what is hot
        var pairs = Pairs.Measure(bench.Scale.Rounds, () => ours(Size), () => Theirs(bench, broker, Size));
        foreach (var size in bench.Scale.Of<int[]>([1, 8, 64, 253], [1, 2, 4, 8, 16, 32, 64, 128, 253]))
        {
            curve.Add(Point(size, ours(size)));
            baseline?.Add(Point(size, Theirs(bench, broker, size)));
        }

        var alone = new ByHand(bench.Native).Tracked(RoundTrip.Length, Size, Count(bench, Size)) / Size;
        var result = pairs.ToResult($"{Size} buffers in one batch{kind}, for each", $"{Size} single calls to the C broker", Most);
        return [result with { Against = [.. result.Against, Side.Of("the same calls with no broker", alone)] }];
    }

    static TripTimes Ours(Workbench bench, ServerProcess host, int size) => Run(bench, host, new TripOrder(Count(bench, size)) { Batch = size }, size);

    // As many batches as the pool has ready.
    static TripTimes Pooled(Workbench bench, PooledHost host, int size)
    {
        const int Warmup = 1;
        host.AwaitFull();
        return TripClient.Run(bench.Native, host.Server, new TripOrder(Math.Max(2, (host.Burst / size) - Warmup)) { Batch = size, Warmup = Warmup }).Times / size;
    }

    static TripTimes Theirs(Workbench bench, ServerProcess broker, int size) => Run(bench, broker, new TripOrder(Count(bench, size)) { Group = size }, size);

    static TripTimes Run(Workbench bench, ServerProcess server, TripOrder order, int size) => TripClient.Run(bench.Native, server, order with { Warmup = 20 }).Times / size;

    static int Count(Workbench bench, int size) => Math.Max(100, bench.Scale.Trips / size);

    static CurvePoint Point(int size, TripTimes times) => new(size, times.P50, times.P99);
}

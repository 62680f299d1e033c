namespace DmaHeap.Bench;

/// <summary>Several buffers in one request, for each of them, beside as many single requests to the C broker.</summary>
static class BatchTrips
{
    const double Most = 0.25;
    const int Size = 32;

    public static void Run(Workbench bench)
    {
        bench.MeasureAll($"{Size} buffers in one batch, for each", () => Measure(bench, "", ""));
        bench.MeasureAll($"{Size} buffers in one batch, pooled, for each", () => Measure(bench, ", pooled", RoundTrip.Pool));
        Draw(bench);
    }

    static IEnumerable<Result> Measure(Workbench bench, string kind, string keys)
    {
        using var broker = ServerProcess.StartBroker(bench.Native, bench.Folder);
        using var host = Start(bench, "batches", keys);
        var pairs = Pairs.Measure(bench.Scale.Rounds, () => Ours(bench, host, Size), () => Theirs(bench, broker, Size));
        yield return pairs.ToResult($"{Size} buffers in one batch{kind}, for each", $"{Size} single calls to the C broker", Most);
    }

    static void Draw(Workbench bench)
    {
        var ours = new List<CurvePoint>();
        var pooled = new List<CurvePoint>();
        var theirs = new List<CurvePoint>();
        bench.MeasureAll("batches of 1 to 253", () =>
        {
            using var broker = ServerProcess.StartBroker(bench.Native, bench.Folder);
            foreach (var (keys, points) in new[] { ("", ours), (RoundTrip.Pool, pooled) })
            {
                using var host = Start(bench, "curve", keys);
                foreach (var size in bench.Scale.Of<int[]>([1, 8, 64, 253], [1, 2, 4, 8, 16, 32, 64, 128, 253]))
                {
                    points.Add(Point(size, Ours(bench, host, size)));
                    if (keys.Length == 0) theirs.Add(Point(size, Theirs(bench, broker, size)));
                }
            }

            return [];
        });
        bench.Add(new Curve(
            "batch-size", "Allocate and free buffers of 4 KiB in batches", new("buffers in a batch", Unit.Count, true), new("p50 for each buffer", Unit.Time, true),
            [new("dmaheap, one request", ours), new("dmaheap, pooled", pooled), new("C broker, one by one", theirs) { IsBaseline = true }]));
    }

    static ServerProcess Start(Workbench bench, string name, string keys)
    {
        var host = ServerProcess.StartHost(bench.Folder, name, HostConfiguration.OfSystemHeap(bench.Folder, name, keys));
        Ours(bench, host, Size); // the runtime compiles what is hot
        return host;
    }

    static TripTimes Ours(Workbench bench, ServerProcess host, int size) => Run(bench, host, new TripOrder(Count(bench, size)) { Batch = size }, size);

    static TripTimes Theirs(Workbench bench, ServerProcess broker, int size) => Run(bench, broker, new TripOrder(Count(bench, size)) { Group = size }, size);

    static TripTimes Run(Workbench bench, ServerProcess server, TripOrder order, int size) => TripClient.Run(bench.Native, server, order with { Warmup = 20 }).Times / size;

    static int Count(Workbench bench, int size) => Math.Max(100, bench.Scale.Trips / size);

    static CurvePoint Point(int size, TripTimes times) => new(size, times.P50, times.P99);
}

using DmaHeap.Client;

namespace DmaHeap.Bench;

/// <summary>How the cost of memory that is ready to write grows with its size: from a warm pool, made when asked for, and by hand.</summary>
static class SizeCurve
{
    const int FewestKept = 2, MostKept = 64;
    const long Pool = 64 << 20; // bytes kept ready, for sizes of which that is more than the fewest
    const long Work = 512L << 20; // bytes touched for each point, so that small sizes are measured often and large ones are over some time

    public static void Run(Workbench bench)
    {
        var lines = new Dictionary<string, List<CurvePoint>>();
        foreach (var length in Sizes(bench.Scale))
        {
            if (!MemoryRoom.IsThere(length * (FewestKept + 2)))
            {
                bench.Add(Result.Skip($"{Unit.Bytes.ShowRound(length)} and more, ready to write", "this machine has not got the memory"));
                break;
            }

            bench.MeasureAll($"{Unit.Bytes.ShowRound(length)} ready to write", () => Measure(bench, length, lines));
        }

        bench.Add(new Curve(
            "size", "Memory ready to write: allocate, map, touch every page", new("size", Unit.Bytes, true), new("p50", Unit.Time, true),
            [.. lines.Select(line => new Line(line.Key, line.Value) { IsBaseline = line.Key == "by hand" }).OrderBy(line => line.IsBaseline)]));
    }

    static IEnumerable<long> Sizes(Scale scale)
    {
        const long Smallest = 4 << 10;
        var largest = scale.Of(256L << 20, 1L << 30);
        for (var length = Smallest; length <= largest; length *= scale.Of(16, 4)) yield return length;
    }

    static IEnumerable<Result> Measure(Workbench bench, long length, Dictionary<string, List<CurvePoint>> lines)
    {
        const int Warmup = 3;
        var trips = (int)Math.Clamp(Work / length, 3, bench.Scale.Of(20, 100));
        if (length >= HugePageReserve.PageSize) Add("dmaheap, pool of 2 MiB pages", Pooled(PageKind.Huge));
        Add("dmaheap, pool of 4 KiB pages", Pooled(PageKind.Small));
        using (var host = ServerProcess.StartHost(bench.Folder, "lazy", HostConfiguration.OfSystemHeap(bench.Folder, "lazy")))
        {
            using var client = DmaHeapClient.Connect(host.Socket);
            ReadyBuffer.Times(client, length, Warmup);
            Add("dmaheap, no pool", ReadyBuffer.Times(client, length, trips));
        }

        Add("by hand", new ByHand(bench.Native).Ready(length, trips));
        return [];

        TripTimes Pooled(PageKind pages)
        {
            using var host = PooledHost.Start(bench, pages, length, (int)Math.Clamp(Pool / length, FewestKept, MostKept));
            ReadyBuffer.Times(host.Client, length, Warmup);
            return ReadyBuffer.Times(host, trips);
        }

        void Add(string name, TripTimes times)
        {
            if (!lines.TryGetValue(name, out var line)) lines[name] = line = [];
            line.Add(new(length, times.P50, times.P99));
        }
    }
}

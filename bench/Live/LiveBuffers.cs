using DmaHeap.Client;

namespace DmaHeap.Bench;

/// <summary>What many live buffers cost: time to allocate one more, the host's own memory for each, and how fast they come and go.</summary>
static class LiveBuffers
{
    const double MostTimes = 1.3, MostBytesEach = 400;
    const int Few = 10;

    public static void Run(Workbench bench)
    {
        int[] counts = bench.Scale.Of<int[]>([Few, 1_000, 20_000], [Few, 100, 1_000, 10_000, 100_000]);
        var work = $"allocate + free with {counts[^1]:N0} buffers alive";
        var ours = new List<CurvePoint>();
        var theirs = new List<CurvePoint>();
        bench.MeasureAll(work, () => Host(bench, work, counts, ours));
        bench.MeasureAll("the C broker with live buffers", () =>
        {
            using var broker = ServerProcess.StartBroker(bench.Native, bench.Folder);
            foreach (var count in counts)
            {
                using var holders = Holders.Of(bench.Native, broker, count);
                theirs.Add(Point(bench, broker, count));
            }

            return [];
        });
        bench.Add(new Curve(
            "live-buffers", "Allocate and free 4 KiB while others live", new("live buffers", Unit.Count, true), new("p50 of a round trip", Unit.Time, false),
            [new("dmaheap", ours), new("C broker", theirs) { IsBaseline = true }]));
    }

    static IEnumerable<Result> Host(Workbench bench, string work, int[] counts, List<CurvePoint> curve)
    {
        using var host = ServerProcess.StartHost(bench.Folder, "full");
        using var client = DmaHeapClient.Connect(host.Socket);
        TripClient.Run(bench.Native, host, bench.Scale.Trips); // the runtime compiles what is hot
        foreach (var count in counts[..^1])
        {
            using var some = Holders.Of(bench.Native, host, count);
            curve.Add(Point(bench, host, count));
            some.Release(client);
        }

        var before = host.Memory().Anonymous;
        using var holders = Holders.Of(bench.Native, host, counts[^1]);
        var each = (host.Memory().Anonymous - before) / (double)holders.Buffers;
        curve.Add(Point(bench, host, counts[^1]));
        yield return OneMore(bench, work, host);
        yield return new Result("host memory for each live buffer of 4 KiB")
        {
            Figures = [new Figure("", each, Unit.Bytes, Target.AtMost(MostBytesEach))],
            Note = "what is the process's own, beside the pages and what the kernel keeps",
        };
        var took = holders.Took;
        yield return new Result($"making {holders.Buffers:N0} buffers and letting go of them")
        {
            Figures = [new("made", holders.Buffers / took.TotalSeconds, Unit.Rate), new("gone", holders.Buffers / holders.Release(client).TotalSeconds, Unit.Rate)],
            Note = "one by one; gone when the host has settled its accounts, while the clients that held them end",
        };
    }

    // Two hosts that differ in nothing else, in turn.
    static Result OneMore(Workbench bench, string work, ServerProcess full)
    {
        using var other = ServerProcess.StartHost(bench.Folder, "few");
        TripClient.Run(bench.Native, other, bench.Scale.Trips);
        using var few = Holders.Of(bench.Native, other, Few);
        return Pairs.Measure(bench.Scale.Of(3, 7), () => TripClient.Run(bench.Native, full, bench.Scale.Trips), () => TripClient.Run(bench.Native, other, bench.Scale.Trips))
            .ToResult(work, $"a host with {Few}", MostTimes);
    }

    static CurvePoint Point(Workbench bench, ServerProcess server, int count)
    {
        var times = TripTimes.Median(Enumerable.Range(0, 3).Select(_ => TripClient.Run(bench.Native, server, bench.Scale.Trips / 2)));
        return new CurvePoint(count, times.P50, times.P99);
    }
}

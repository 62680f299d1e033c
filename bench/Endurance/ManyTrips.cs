using System.Diagnostics;

namespace DmaHeap.Bench;

/// <summary>A million buffers that come and go: whether anything of them stays with the host.</summary>
static class ManyTrips
{
    const double MostGrowth = 5;
    const int Segments = 10;

    static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(200), s_settling = TimeSpan.FromSeconds(30);

    public static void Run(Workbench bench)
    {
        var trips = bench.Scale.Of(300_000, 1_000_000);
        var work = $"{trips:N0} allocate + free";
        bench.Measure(work, () => Measure(bench, work, trips / Segments));
    }

    static Result Measure(Workbench bench, string work, int each)
    {
        using var host = ServerProcess.StartHost(bench.Folder, "enduring");
        TripClient.Run(bench.Native, host, 100);
        Settle(host, (int.MaxValue, 0));
        var before = (host.Descriptors(), host.Watches());
        Segment(bench, host, each, []);
        var first = host.Memory().Resident;
        var samples = new List<long>();
        for (var i = 1; i < Segments; i++) Segment(bench, host, each, samples);
        samples.Add(host.Memory().Resident);
        var (descriptors, watches) = Settle(host, before);
        return new Result(work)
        {
            Ours = new("resident at the end", samples[^1], Unit.Bytes),
            Against = [new($"after the first {each:N0}", first, Unit.Bytes)],
            Figures =
            [
                new("memory growth", (samples.Max() - first) * 100.0 / first, Unit.Percent, Target.AtMost(MostGrowth)),
                new("descriptors left", descriptors - before.Item1, Unit.Count, Target.AtMost(0)),
                new("watches left", watches - before.Item2, Unit.Count, Target.AtMost(0)),
            ],
            Note = "the most that was seen at any moment after the first tenth, sampled five times a second",
        };
    }

    static void Segment(Workbench bench, ServerProcess host, int trips, List<long> samples)
    {
        using var client = TripClient.Start(bench.Native, host, new TripOrder(trips) { Warmup = 0 });
        var reading = client.StandardOutput.ReadToEndAsync();
        while (!client.WaitForExit(s_pause)) samples.Add(host.Memory().Resident);
        reading.GetAwaiter().GetResult();
        if (client.ExitCode != 0) throw new InvalidOperationException("a client failed; what it wrote is above");
    }

    // What is released is released by another thread, and a connection that ended a little later.
    static (int Descriptors, int Watches) Settle(ServerProcess host, (int Descriptors, int Watches) most)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            var now = (host.Descriptors(), Watches: host.Watches());
            if ((now.Item1 <= most.Descriptors && now.Watches <= most.Watches) || clock.Elapsed > s_settling) return now;
            Thread.Sleep(10);
        }
    }
}

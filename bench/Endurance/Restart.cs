using System.Diagnostics;
using DmaHeap.Client;

namespace DmaHeap.Bench;

/// <summary>A host is killed while clients use it; how long the next one takes until it serves.</summary>
static class Restart
{
    const string Work = "ready again after kill -9 under load";
    const double Longest = 1e9;
    const int Held = 1_000, Clients = 4;

    public static void Run(Workbench bench) => bench.Measure(Work, () => Measure(bench));

    static Result Measure(Workbench bench)
    {
        var times = new double[bench.Scale.Of(3, 9)];
        for (var i = 0; i < times.Length; i++) times[i] = Once(bench);
        return new Result(Work)
        {
            Ours = new("slowest", times.Max(), Unit.Time),
            Figures = [new("", Medians.Of(times), Unit.Time, Target.Below(Longest))],
            Note = $"from the start of the launcher to the first buffer; {Held:N0} buffers and {Clients} busy clients when it was killed",
        };
    }

    static double Once(Workbench bench)
    {
        using var host = ServerProcess.StartHost(bench.Folder, "killed");
        using var holders = Holders.Of(bench.Native, host, Held);
        using var load = TripClient.Start(bench.Native, host, new TripOrder(1_000_000) { Clients = Clients }, quiet: true);
        using var before = DmaHeapClient.Connect(host.Socket);
        Waiting.Until(() => before.StatisticsAsync().GetAwaiter().GetResult().Allocations >= Held + 1_000, TimeSpan.FromMinutes(1), "the busy clients do not get going");
        host.Kill();
        load.WaitForExit(); // its connections are gone
        var begin = Stopwatch.GetTimestamp();
        using var next = ServerProcess.StartHost(bench.Folder, "killed");
        using var client = DmaHeapClient.Connect(next.Socket);
        using var buffer = client.Allocate("system", 4096);
        return Clock.Nanoseconds(Stopwatch.GetTimestamp() - begin);
    }
}

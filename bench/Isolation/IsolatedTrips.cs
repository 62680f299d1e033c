namespace DmaHeap.Bench;

/// <summary>Allocate 4 KiB and close it, of a heap in the host and of the same heap in a worker process: two hosts, one client, in turn, round by round.</summary>
static class IsolatedTrips
{
    const string Work = "allocate + free 4 KiB, heap in a worker";
    const double Target = 2.5;

    public static void Run(Workbench bench) => bench.Measure(Work, () => Measure(bench));

    static Result Measure(Workbench bench)
    {
        using var inside = Start(bench, "inside", "none");
        using var outside = Start(bench, "outside", "process");
        foreach (var host in new[] { inside, outside }) TripClient.Run(bench.Native, host, bench.Scale.Trips); // the runtime compiles what is hot
        return Pairs.Measure(bench.Scale.Rounds, () => TripClient.Run(bench.Native, outside, bench.Scale.Trips), () => TripClient.Run(bench.Native, inside, bench.Scale.Trips))
            .ToResult(Work, "in the host", Target);
    }

    static ServerProcess Start(Workbench bench, string name, string isolation) =>
        ServerProcess.StartHost(bench.Folder, name, HostConfiguration.OfSystemHeap(bench.Folder, name, $"\"isolation\": \"{isolation}\""));
}

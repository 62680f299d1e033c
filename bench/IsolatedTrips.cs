using System.Globalization;

namespace DmaHeap.Bench;

/// <summary>Allocate 4 KiB and close it, of a heap in the host and of the same heap in a worker process: one host, one client, in turn, round by round.</summary>
static class IsolatedTrips
{
    private const double Target = 2.5;

    public static Result Measure(NativePrograms native, string folder, int rounds, int trips)
    {
        using var inside = ServerProcess.StartHost(folder, "inside", Configure(folder, "inside", "none"));
        using var outside = ServerProcess.StartHost(folder, "outside", Configure(folder, "outside", "process"));
        foreach (var host in new[] { inside, outside }) TripClient.Run(native, host, greet: true, trips); // the runtime compiles what is hot
        var ours = new List<TripTimes>();
        var theirs = new List<TripTimes>();
        for (var i = 0; i < rounds; i++)
        {
            theirs.Add(TripClient.Run(native, inside, greet: true, trips));
            ours.Add(TripClient.Run(native, outside, greet: true, trips));
        }

        // Pair by pair, so that a slow moment of the machine meets both.
        var ratio = ours.Zip(theirs, (our, their) => our.P50 / their.P50).Order().ElementAt(rounds / 2);
        return new Result(
            "allocate + free 4 KiB, heap in a worker", TripTimes.Median(ours).ToString(), "in the host: " + TripTimes.Median(theirs),
            ratio.ToString("0.00", CultureInfo.InvariantCulture), "≤ " + Target.ToString(CultureInfo.InvariantCulture), ratio <= Target);
    }

    private static string Configure(string folder, string name, string isolation)
    {
        var file = Path.Combine(Directory.CreateDirectory(Path.Combine(folder, name)).FullName, "plugins.json");
        File.WriteAllText(file, $$"""{ "version": 1, "heaps": { "system": { "plugin": "SystemHeap", "isolation": "{{isolation}}" } } }""");
        return file;
    }
}

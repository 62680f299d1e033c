using System.Globalization;

namespace DmaHeap.Bench;

/// <summary>Allocate 4 KiB and close it, one client, one request at a time: host and broker in turn, round by round.</summary>
static class RoundTrip
{
    private const double Target = 1.25;

    public static Result Measure(NativePrograms native, string folder, int rounds, int trips)
    {
        using var broker = ServerProcess.StartBroker(native, folder);
        using var host = ServerProcess.StartHost(folder);
        TripClient.Run(native, host, greet: true, trips); // the runtime compiles what is hot
        var ours = new List<TripTimes>();
        var theirs = new List<TripTimes>();
        for (var i = 0; i < rounds; i++)
        {
            theirs.Add(TripClient.Run(native, broker, greet: false, trips));
            ours.Add(TripClient.Run(native, host, greet: true, trips));
        }

        // Pair by pair, so that a slow moment of the machine meets both.
        var ratio = ours.Zip(theirs, (our, their) => our.P50 / their.P50).Order().ElementAt(rounds / 2);
        return new Result(
            "allocate + free 4 KiB", TripTimes.Median(ours).ToString(), "C broker: " + TripTimes.Median(theirs),
            ratio.ToString("0.00", CultureInfo.InvariantCulture), "≤ 1.25", ratio <= Target);
    }
}

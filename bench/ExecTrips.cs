using System.Globalization;

namespace DmaHeap.Bench;

/// <summary>What a program pays under <c>dmaheap exec</c>: the calls that are served, and those that only pass the filter.</summary>
static class ExecTrips
{
    private const double AllocTarget = 1.5, SyncTarget = 1.3, LookTarget = 1.1, FilterTarget = 60, RateTarget = 1.5;
    private const double Noise = 1.03; // between two runs of the same program under the same filter

    public static IEnumerable<Result> Measure(NativePrograms native, string folder, int rounds, int trips)
    {
        var ours = HeapTrips.UnderExec(native);
        var theirs = HeapTrips.UnderC(native, folder);
        return
        [
            Served("exec: ALLOC of 4 KiB + close", "alloc", AllocTarget, ours, theirs, rounds, trips),
            Served("exec: SYNC", "sync", SyncTarget, ours, theirs, rounds, trips * 5),
            Served("exec: SYNC, against C that looks", "sync", LookTarget, ours, HeapTrips.UnderC(native, folder, looks: true), rounds, trips * 5),
            Passed(ours, theirs, HeapTrips.UnderNothing(native), rounds, trips * 100),
            AtOnce(ours, theirs, rounds, trips / 4),
        ];
    }

    // Pair by pair, so that a slow moment of the machine meets both.
    private static Result Served(string work, string kind, double target, HeapTrips ours, HeapTrips theirs, int rounds, int trips)
    {
        var pairs = Enumerable.Range(0, rounds).Select(_ => (Their: theirs.Run(kind, trips).Times, Our: ours.Run(kind, trips).Times)).ToList();
        var ratio = Median(pairs.Select(pair => pair.Our.P50 / pair.Their.P50));
        return new Result(
            work, TripTimes.Median([.. pairs.Select(pair => pair.Our)]).ToString(), "C supervisor: " + TripTimes.Median([.. pairs.Select(pair => pair.Their)]),
            Show(ratio, "0.00"), "≤ " + Show(target, "0.0"), ratio <= target);
    }

    private static Result Passed(HeapTrips ours, HeapTrips theirs, HeapTrips bare, int rounds, int calls)
    {
        var runs = Enumerable.Range(0, rounds)
            .Select(_ => (Bare: bare.Each("getpid", calls), Their: theirs.Each("getpid", calls), Our: ours.Each("getpid", calls))).ToList();
        var added = Median(runs.Select(run => run.Our - run.Bare));
        var ratio = Median(runs.Select(run => run.Our / run.Their));
        return new Result(
            "exec: a call of no concern", Show(Median(runs.Select(run => run.Our)), "0 ns"),
            $"bare: {Show(Median(runs.Select(run => run.Bare)), "0 ns")}, C filter: {Show(Median(runs.Select(run => run.Their)), "0 ns")}",
            $"+{Show(added, "0 ns")}, {Show(ratio, "0.00")}", "≤ +60 ns, no more than C's", added <= FilterTarget && ratio <= Noise);
    }

    private static Result AtOnce(HeapTrips ours, HeapTrips theirs, int rounds, int trips)
    {
        var our = Gain(ours);
        var their = Gain(theirs);
        return new Result(
            "exec: 8 clients at once, rate", $"{Show(our.Rate, "0")}/s, {Show(our.Gain, "0.00")} of one's",
            $"C supervisor: {Show(their.Rate, "0")}/s, {Show(their.Gain, "0.00")} of one's",
            Show(our.Gain, "0.00"), their.Gain >= RateTarget ? "≥ 1.5" : "none: C's is below 1.5", our.Gain >= RateTarget || their.Gain < RateTarget);

        (double Rate, double Gain) Gain(HeapTrips program)
        {
            var runs = Enumerable.Range(0, rounds).Select(_ => (One: program.Run("alloc", trips * 4).Rate, All: program.Run("alloc", trips, clients: 8).Rate)).ToList();
            return (Median(runs.Select(run => run.All)), Median(runs.Select(run => run.All / run.One)));
        }
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted[sorted.Count / 2];
    }

    private static string Show(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}

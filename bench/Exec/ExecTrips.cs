namespace DmaHeap.Bench;

/// <summary>What a program pays under <c>dmaheap exec</c>: the calls that are served, and those that only pass the filter.</summary>
static class ExecTrips
{
    const double AllocTarget = 1.5, SyncTarget = 1.3, LookTarget = 1.1, FilterTarget = 60, RateTarget = 1.5;
    const double Noise = 1.03; // between two runs of the same program under the same filter
    const int Clients = 8;

    public static void Run(Workbench bench)
    {
        var (rounds, trips) = (bench.Scale.Rounds, bench.Scale.Trips);
        var ours = HeapTrips.UnderExec(bench.Native);
        var theirs = HeapTrips.UnderC(bench.Native, bench.Folder);
        var looking = HeapTrips.UnderC(bench.Native, bench.Folder, looks: true);
        Served("exec: ALLOC of 4 KiB + close", "alloc", "C supervisor", theirs, AllocTarget, trips);
        Served("exec: SYNC", "sync", "C supervisor", theirs, SyncTarget, trips * 5);
        Served("exec: SYNC, against C that looks", "sync", "C supervisor", looking, LookTarget, trips * 5);
        bench.Measure("exec: a call of no concern", () => Passed(ours, theirs, HeapTrips.UnderNothing(bench.Native), rounds, trips * 100));
        bench.Measure("exec: 8 clients at once, rate", () => AtOnce(ours, theirs, rounds, trips / 4));

        void Served(string work, string kind, string against, HeapTrips them, double target, int count) => bench.Measure(
            work, () => Pairs.Measure(rounds, () => ours.Run(kind, count).Times, () => them.Run(kind, count).Times).ToResult(work, against, target));
    }

    static Result Passed(HeapTrips ours, HeapTrips theirs, HeapTrips bare, int rounds, int calls)
    {
        var runs = Enumerable.Range(0, rounds).Select(_ => (Bare: bare.Each("getpid", calls), Their: theirs.Each("getpid", calls), Our: ours.Each("getpid", calls))).ToList();
        return new Result("exec: a call of no concern")
        {
            Ours = new("", Medians.Of(runs.Select(run => run.Our)), Unit.Time),
            Against = [new("bare", Medians.Of(runs.Select(run => run.Bare)), Unit.Time), new("C filter", Medians.Of(runs.Select(run => run.Their)), Unit.Time)],
            Figures =
            [
                new("over bare", Medians.Of(runs.Select(run => run.Our - run.Bare)), Unit.Time, Target.AtMost(FilterTarget)),
                Figure.Ratio(Medians.Of(runs.Select(run => run.Our / run.Their)), Target.AtMost(Noise), "of C's"),
            ],
        };
    }

    static Result AtOnce(HeapTrips ours, HeapTrips theirs, int rounds, int trips)
    {
        var our = Gain(ours);
        var their = Gain(theirs);
        var binding = their.Gain >= RateTarget;
        return new Result("exec: 8 clients at once, rate")
        {
            Ours = new("", our.Rate, Unit.Rate),
            Against = [new("C supervisor", their.Rate, Unit.Rate)],
            Figures = [Figure.Ratio(our.Gain, binding ? Target.AtLeast(RateTarget) : null, "of one client's"), Figure.Ratio(their.Gain, name: "C's")],
            Note = binding ? "" : $"no target here, as the C supervisor with as many threads does not reach {RateTarget} either",
        };

        (double Rate, double Gain) Gain(HeapTrips program)
        {
            var runs = Enumerable.Range(0, rounds).Select(_ => (One: program.Run("alloc", trips * 4).Rate, All: program.Run("alloc", trips, Clients).Rate)).ToList();
            return (Medians.Of(runs.Select(run => run.All)), Medians.Of(runs.Select(run => run.All / run.One)));
        }
    }
}

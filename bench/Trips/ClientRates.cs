namespace DmaHeap.Bench;

/// <summary>How many buffers several clients allocate and free together.</summary>
static class ClientRates
{
    const string Work = "two clients at once, total rate";
    const double Least = 1.5;
    const int Threads = 2;

    public static void Run(Workbench bench)
    {
        bench.Measure(Work, () => Two(bench));
        var ours = new List<CurvePoint>();
        var theirs = new List<CurvePoint>();
        bench.MeasureAll("1 to 64 clients", () =>
        {
            using var broker = ServerProcess.StartBroker(bench.Native, bench.Folder, Threads);
            using var host = Start(bench);
            foreach (var clients in bench.Scale.Of<int[]>([1, 2, 8, 64], [1, 2, 4, 8, 16, 32, 64]))
            {
                theirs.Add(new(clients, Rate(bench, broker, clients)));
                ours.Add(new(clients, Rate(bench, host, clients)));
            }

            return [];
        });
        bench.Add(new Curve(
            "clients", "Allocate and free 4 KiB, several clients at once", new("clients", Unit.Count, true), new("buffers a second, of all together", Unit.Rate, false),
            [new("dmaheap", ours), new($"C broker with {Threads} threads", theirs) { IsBaseline = true }]));
    }

    static Result Two(Workbench bench)
    {
        using var broker = ServerProcess.StartBroker(bench.Native, bench.Folder, Threads);
        using var host = Start(bench);
        var rounds = Enumerable.Range(0, bench.Scale.Of(3, 5)).Select(_ => (Their: Gain(broker), Our: Gain(host))).ToList();
        var their = Medians.Of(rounds.Select(round => round.Their.Gain));
        var our = Medians.Of(rounds.Select(round => round.Our.Gain));
        var binding = their >= Least;
        return new Result(Work)
        {
            Ours = new("", Medians.Of(rounds.Select(round => round.Our.Rate)), Unit.Rate),
            Against = [new($"C broker with {Threads} threads", Medians.Of(rounds.Select(round => round.Their.Rate)), Unit.Rate)],
            Figures = [Figure.Ratio(our, binding ? Target.AtLeast(Least) : null, "of one client's"), Figure.Ratio(their, name: "C's")],
            Note = binding ? "" : $"no target here, as the C broker with two threads does not reach {Least} either",
        };

        (double Rate, double Gain) Gain(ServerProcess server)
        {
            var one = Rate(bench, server, 1);
            var two = Rate(bench, server, 2);
            return (two, two / one);
        }
    }

    static ServerProcess Start(Workbench bench)
    {
        var host = ServerProcess.StartHost(bench.Folder, "clients");
        Rate(bench, host, 2); // the runtime compiles what is hot
        return host;
    }

    static double Rate(Workbench bench, ServerProcess server, int clients) =>
        TripClient.Run(bench.Native, server, new TripOrder(Math.Max(bench.Scale.Trips / clients, 200)) { Clients = clients, Warmup = 100 }).Rate;
}

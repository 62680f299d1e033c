using DmaHeap.Bench;
using Spectre.Console;

// One run: builds the C side, measures each pair in turn, prints both sides and the ratio. Exit 1 when a target is missed.
// "host" or "exec" measures that part alone, "import" the trips of importers, "isolation" a heap in a worker process.
var quick = args.Contains("--quick");
var all = !args.Contains("host") && !args.Contains("exec") && !args.Contains("import") && !args.Contains("isolation");
using var folder = new ScratchFolder();
var native = NativePrograms.Build(folder.Path);
var results = new List<Result>();
if (all || args.Contains("host"))
{
    results.Add(IdleHost.Measure(folder.Path));
    results.Add(RoundTrip.Measure(native, folder.Path, rounds: quick ? 3 : 9, trips: quick ? 5_000 : 20_000));
    results.Add(ImportTrips.Measure(folder.Path, rounds: quick ? 3 : 9, trips: quick ? 5_000 : 20_000));
    results.AddRange(LiveBuffers.Measure(native, folder.Path, buffers: quick ? 10_000 : 100_000, trips: quick ? 5_000 : 20_000));
}

if (args.Contains("import")) results.Add(ImportTrips.Measure(folder.Path, rounds: quick ? 3 : 9, trips: quick ? 5_000 : 20_000));

if (all || args.Contains("isolation")) results.Add(IsolatedTrips.Measure(native, folder.Path, rounds: quick ? 3 : 9, trips: quick ? 5_000 : 20_000));
if (all || args.Contains("exec"))
{
    results.AddRange(ExecTrips.Measure(native, folder.Path, rounds: quick ? 3 : 9, trips: quick ? 5_000 : 20_000));
    results.AddRange(ExecStart.Measure(native, folder.Path, rounds: quick ? 5 : 15));
}

var table = new Table().AddColumns("work", "ours", "against", "figure", "target", "");
foreach (var result in results)
{
    table.AddRow(result.Work, result.Ours, result.Against, result.Figure, result.Target, result.Met ? "met" : "missed");
}

AnsiConsole.Profile.Width = Math.Max(AnsiConsole.Profile.Width, 200);
AnsiConsole.Write(table);
return results.All(result => result.Met) ? 0 : 1;

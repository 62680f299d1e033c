namespace DmaHeap.Bench;

/// <summary>From the start of <c>dmaheap exec</c> to the program's main.</summary>
static class ExecStart
{
    const double EmbeddedTarget = 250e6, DaemonTarget = 150e6;

    public static void Run(Workbench bench)
    {
        using var daemon = ServerProcess.StartHost(bench.Folder);
        bench.Measure("exec: to main, embedded host", () => Start("exec: to main, embedded host", HeapTrips.UnderExec(bench.Native), EmbeddedTarget, bench.Scale));
        bench.Measure("exec: to main, with a daemon", () => Start("exec: to main, with a daemon", HeapTrips.UnderExec(bench.Native, daemon.Socket), DaemonTarget, bench.Scale));
    }

    static Result Start(string work, HeapTrips program, double target, Scale scale)
    {
        program.Start(); // files come into memory
        var median = Medians.Of(Enumerable.Range(0, scale.Of(5, 15)).Select(_ => program.Start()));
        return new Result(work) { Figures = [new Figure("", median, Unit.Time, Target.Below(target))] };
    }
}

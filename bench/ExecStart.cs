using System.Globalization;

namespace DmaHeap.Bench;

/// <summary>From the start of <c>dmaheap exec</c> to the program's main.</summary>
static class ExecStart
{
    private const double EmbeddedTarget = 250, DaemonTarget = 150;

    public static IEnumerable<Result> Measure(NativePrograms native, string folder, int rounds)
    {
        using var daemon = ServerProcess.StartHost(folder);
        return
        [
            Start("exec: to main, embedded host", HeapTrips.UnderExec(native), EmbeddedTarget, rounds),
            Start("exec: to main, with a daemon", HeapTrips.UnderExec(native, daemon.Socket), DaemonTarget, rounds),
        ];
    }

    private static Result Start(string work, HeapTrips program, double target, int rounds)
    {
        program.Start(); // files come into memory
        var median = Enumerable.Range(0, rounds).Select(_ => program.Start()).Order().ElementAt(rounds / 2);
        return new Result(work, "", "", median.ToString("0 ms", CultureInfo.InvariantCulture), $"< {target} ms", median < target);
    }
}

namespace DmaHeap.Bench;

/// <summary>What a host with the three shipped heaps holds while nothing happens.</summary>
static class IdleHost
{
    const double MostMegabytes = 80;

    public static Result Measure(Workbench bench)
    {
        using var host = ServerProcess.StartHost(bench.Folder);
        return new Result("idle host, three heaps") { Figures = [new Figure("", host.Memory().Resident / 1e6, Unit.Megabytes, Target.Below(MostMegabytes))] };
    }
}

using System.Globalization;

namespace DmaHeap.Bench;

/// <summary>What a host with the three shipped heaps holds while nothing happens.</summary>
static class IdleHost
{
    private const double TargetMegabytes = 80;

    public static Result Measure(string folder)
    {
        using var host = ServerProcess.StartHost(folder);
        var megabytes = host.Memory().Resident / 1e6;
        return new Result("idle host, three heaps", "", "", megabytes.ToString("0.0 MB", CultureInfo.InvariantCulture), "< 80 MB", megabytes < TargetMegabytes);
    }
}

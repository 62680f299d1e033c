using System.Diagnostics;
using System.Globalization;

namespace DmaHeap.Bench;

/// <summary>What many live buffers cost: time to allocate one more, and the host's own memory for each.</summary>
static class LiveBuffers
{
    private const int PerHolder = 15_000; // below the usual hard limit of descriptors

    public static IEnumerable<Result> Measure(NativePrograms native, string folder, int buffers, int trips)
    {
        using var host = ServerProcess.StartHost(folder);
        TripClient.Run(native, host, greet: true, trips);
        var empty = TripTimes.Median([.. Enumerable.Range(0, 3).Select(_ => TripClient.Run(native, host, greet: true, trips))]);
        var before = host.Memory().Anonymous;
        var holders = new List<Process>();
        try
        {
            for (var held = 0; held < buffers; held += PerHolder) holders.Add(TripClient.Hold(native, host, Math.Min(PerHolder, buffers - held)));
            var each = (host.Memory().Anonymous - before) / (double)buffers;
            var full = TripTimes.Median([.. Enumerable.Range(0, 3).Select(_ => TripClient.Run(native, host, greet: true, trips))]);
            var ratio = full.P50 / empty.P50;
            return
            [
                new Result($"the same with {buffers:N0} buffers alive", full.ToString(), "with none: " + empty,
                    ratio.ToString("0.00", CultureInfo.InvariantCulture), "≤ 1.5", ratio <= 1.5),
                new Result("host memory for each live buffer", $"{host.Descriptors()} descriptors open", "",
                    $"{each:0} bytes", "≤ 1024", each <= 1024),
            ];
        }
        finally
        {
            foreach (var holder in holders)
            {
                holder.StandardInput.Close();
                holder.WaitForExit();
                holder.Dispose();
            }
        }
    }
}

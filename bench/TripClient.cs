using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace DmaHeap.Bench;

/// <summary>Runs the C client, which is the same for both servers, so that only the server differs.</summary>
static class TripClient
{
    public static TripTimes Run(NativePrograms native, ServerProcess server, bool greet, int trips)
    {
        using var process = Start(native, server, greet, trips, hold: false);
        var times = Read(process);
        process.WaitForExit();
        return times;
    }

    /// <summary>A client that keeps what it allocates until it is disposed.</summary>
    public static Process Hold(NativePrograms native, ServerProcess server, int buffers)
    {
        var process = Start(native, server, greet: true, buffers, hold: true);
        Read(process);
        return process;
    }

    private static Process Start(NativePrograms native, ServerProcess server, bool greet, int trips, bool hold)
    {
        List<string> arguments = [server.Socket, trips.ToString(CultureInfo.InvariantCulture), "--warmup", "1000"];
        if (greet) arguments.AddRange(["--hello", "--heap", "system"]);
        if (hold) arguments.Add("--hold");
        return Process.Start(new ProcessStartInfo(native.Client, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
    }

    private static TripTimes Read(Process process)
    {
        var line = process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("the client printed nothing");
        using var json = JsonDocument.Parse(line);
        return new TripTimes(json.RootElement.GetProperty("p50_ns").GetInt64() / 1000.0, json.RootElement.GetProperty("p99_ns").GetInt64() / 1000.0);
    }
}

/// <summary>Times of a round trip in microseconds.</summary>
readonly record struct TripTimes(double P50, double P99)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"p50 {P50:0.0} µs, p99 {P99:0.0} µs");

    /// <summary>The median of each figure.</summary>
    public static TripTimes Median(IReadOnlyList<TripTimes> times) =>
        new(times.Select(t => t.P50).Order().ElementAt(times.Count / 2), times.Select(t => t.P99).Order().ElementAt(times.Count / 2));
}

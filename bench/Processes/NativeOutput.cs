using System.Text.Json;

namespace DmaHeap.Bench;

/// <summary>Reads the line of JSON that each C program prints.</summary>
static class NativeOutput
{
    public static TripTimes Times(JsonElement line) => new(line.GetProperty("p50_ns").GetInt64(), line.GetProperty("p99_ns").GetInt64());

    /// <summary>Times, and trips a second.</summary>
    public static (TripTimes Times, double Rate) Trips(JsonElement line) =>
        (Times(line), line.GetProperty("trips").GetInt64() * 1e9 / line.GetProperty("total_ns").GetInt64());
}

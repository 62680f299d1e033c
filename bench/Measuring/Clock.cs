using System.Diagnostics;

namespace DmaHeap.Bench;

/// <summary>Times what this process does.</summary>
static class Clock
{
    public static TripTimes Time(int trips, Action trip)
    {
        var times = new double[trips];
        for (var i = 0; i < trips; i++)
        {
            var begin = Stopwatch.GetTimestamp();
            trip();
            times[i] = Nanoseconds(Stopwatch.GetTimestamp() - begin);
        }

        return TripTimes.Of(times);
    }

    public static double Nanoseconds(long ticks) => ticks * 1e9 / Stopwatch.Frequency;
}

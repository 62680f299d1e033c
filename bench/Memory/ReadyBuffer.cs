using System.Diagnostics;
using DmaHeap.Client;

namespace DmaHeap.Bench;

/// <summary>What a program does to have memory that it can write to: with our client library, as any program in .NET would.</summary>
static class ReadyBuffer
{
    const int Page = 4096; // also where pages are huge: the work is the same for both sides

    /// <summary>Nanoseconds to allocate, map and write a byte to every page. Letting go is not timed.</summary>
    public static double Time(DmaHeapClient client, long length)
    {
        var begin = Stopwatch.GetTimestamp();
        using var buffer = client.Allocate("system", length);
        using var mapping = buffer.Map();
        Touch(mapping.Span);
        return Clock.Nanoseconds(Stopwatch.GetTimestamp() - begin);
    }

    public static void Touch(Span<byte> memory)
    {
        for (var at = 0; at < memory.Length; at += Page) Volatile.Write(ref memory[at], 1);
    }

    /// <summary>Many times, from a pool that is full when each burst begins.</summary>
    public static TripTimes Times(PooledHost host, int trips)
    {
        var times = new double[trips];
        for (var i = 0; i < trips; i++)
        {
            if (i % host.Burst == 0) host.AwaitFull();
            times[i] = Time(host.Client, host.Length);
        }

        return TripTimes.Of(times);
    }

    /// <summary>Many times in a row.</summary>
    public static TripTimes Times(DmaHeapClient client, long length, int trips)
    {
        var times = new double[trips];
        for (var i = 0; i < trips; i++) times[i] = Time(client, length);
        return TripTimes.Of(times);
    }
}

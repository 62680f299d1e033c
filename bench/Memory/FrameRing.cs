using System.Diagnostics;
using DmaHeap.Client;

namespace DmaHeap.Bench;

/// <summary>What a video program sets up: a ring of frames, until something was written to all of them.</summary>
static class FrameRing
{
    const string Work = "ring of 8 NV12 frames of 1080p, all written";
    const double Most = 0.1;
    const int Frames = 8;
    const long Length = 3 << 20;

    public static void Run(Workbench bench) => bench.Measure(Work, () =>
    {
        var trips = bench.Scale.Of(5, 20);
        using var host = PooledHost.Start(bench, PageKind.Huge, Length, kept: 2 * Frames);
        Times(host, trips * 2); // the runtime compiles what is hot
        var hand = new ByHand(bench.Native);
        return Pairs.Measure(bench.Scale.Rounds, () => Times(host, trips), () => hand.Ring(Length, Frames, trips))
            .ToResult(Work, "by hand", Most, note: $"3 MiB each, written whole; ours are one batch from a warm pool; got {host.Pages}");
    });

    static TripTimes Times(PooledHost host, int trips)
    {
        var times = new double[trips];
        for (var i = 0; i < trips; i++)
        {
            host.AwaitFull();
            times[i] = Time(host.Client);
        }

        return TripTimes.Of(times);
    }

    static double Time(DmaHeapClient client)
    {
        var mappings = new DmaMapping[Frames];
        var begin = Stopwatch.GetTimestamp();
        using var frames = client.AllocateMany("system", Length, Frames);
        for (var i = 0; i < Frames; i++) mappings[i] = frames[i].Map();
        for (var i = 0; i < Frames; i++) mappings[i].Slice(0, (int)Length).Fill((byte)(16 + i));
        var took = Clock.Nanoseconds(Stopwatch.GetTimestamp() - begin);
        foreach (var mapping in mappings) mapping.Dispose();
        return took;
    }
}

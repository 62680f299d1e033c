using System.Diagnostics;
using DmaHeap.Client;

namespace DmaHeap.Bench;

/// <summary>A frame of a pool of the client's own, taken and returned: nobody is asked, so there is nobody to be measured against.</summary>
static class ClientPool
{
    const string Work = "BufferPool: acquire + return";
    const double MostNanoseconds = 150;
    const int Frames = 8, Group = 1_000, Threads = 2;
    const long Length = 3 << 20;

    public static void Run(Workbench bench) => bench.MeasureAll(Work, () =>
    {
        using var host = ServerProcess.StartHost(bench.Folder, "frames", HostConfiguration.OfSystemHeap(bench.Folder, "frames"));
        using var client = DmaHeapClient.Connect(host.Socket);
        using var pool = new BufferPool(client, "system", Length, new BufferPoolOptions { Capacity = Frames, Prewarm = Frames });
        var groups = bench.Scale.Of(1_000, 10_000);
        Times(pool, groups); // the runtime compiles what is hot
        var before = GC.GetAllocatedBytesForCurrentThread();
        Spin(pool, groups * Group);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        var times = Times(pool, groups);
        return
        [
            new Result(Work)
            {
                Ours = Side.Of("", times),
                Figures = [new("", times.P50, Unit.Time, Target.AtMost(MostNanoseconds)), new("allocated", allocated, Unit.Bytes, Target.AtMost(0))],
                Note = $"{Frames} frames of 3 MiB, mapped; times are means of {Group:N0} in a row, and what is allocated is of {groups * Group:N0} together, on one thread",
            },
            new Result($"{Work}, {Threads} threads")
            {
                Figures = [new("", Contended(pool, groups * Group), Unit.Time)],
                Note = "each thread's time for one, while the other does the same",
            },
        ];
    });

    static TripTimes Times(BufferPool pool, int groups) => Clock.Time(groups, () => Spin(pool, Group)) / Group;

    static double Contended(BufferPool pool, int each)
    {
        using var together = new Barrier(Threads);
        var took = new double[Threads];
        var threads = Enumerable.Range(0, Threads).Select(i => new Thread(() =>
        {
            together.SignalAndWait();
            var begin = Stopwatch.GetTimestamp();
            Spin(pool, each);
            took[i] = Clock.Nanoseconds(Stopwatch.GetTimestamp() - begin) / each;
        })).ToList();
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();
        return took.Average();
    }

    static void Spin(BufferPool pool, int times)
    {
        for (var i = 0; i < times; i++)
        {
            using var lease = pool.Acquire();
        }
    }
}

using System.Diagnostics;
using DmaHeap.Client;
using DmaHeap.Linux;

namespace DmaHeap.Bench;

/// <summary>Clients that keep buffers alive until they are disposed: as many as their limits of descriptors take.</summary>
sealed class Holders : IDisposable
{
    const int Most = 15_000, Spare = 100;

    readonly List<Process> _processes = [];

    Holders(int buffers) => Buffers = buffers;

    public int Buffers { get; }

    /// <summary>How long it took to make them all, one by one.</summary>
    public TimeSpan Took { get; private set; }

    public static Holders Of(NativePrograms native, ServerProcess server, int buffers)
    {
        var each = (int)Math.Min(Most, ResourceLimits.Get(LimitedResource.OpenFiles).Hard - Spare);
        var holders = new Holders(buffers);
        var clock = Stopwatch.StartNew();
        try
        {
            for (var held = 0; held < buffers; held += each) holders._processes.Add(TripClient.Hold(native, server, Math.Min(each, buffers - held)));
            holders.Took = clock.Elapsed;
            return holders;
        }
        catch
        {
            holders.Dispose();
            throw;
        }
    }

    /// <summary>Lets go of all, and waits until the host has settled its accounts.</summary>
    /// <returns>How long that took.</returns>
    public TimeSpan Release(DmaHeapClient host)
    {
        var clock = Stopwatch.StartNew();
        Dispose();
        Waiting.Until(() => host.StatisticsAsync().GetAwaiter().GetResult().Buffers == 0, TimeSpan.FromMinutes(5), "the host does not see that its buffers are gone");
        return clock.Elapsed;
    }

    public void Dispose()
    {
        foreach (var process in _processes) process.StandardInput.Close();
        foreach (var process in _processes)
        {
            process.WaitForExit();
            process.Dispose();
        }

        _processes.Clear();
    }
}

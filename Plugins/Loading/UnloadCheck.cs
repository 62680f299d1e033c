using System.Diagnostics;
using System.Runtime.Loader;

namespace DmaHeap.Plugins.Loading;

/// <summary>Watches a load context die without keeping it alive.</summary>
sealed class UnloadCheck(AssemblyLoadContext context, string plugin)
{
    const int MostCollections = 10;

    // Tracks through finalization: a context that is only waiting for its finalizer is not gone yet.
    readonly WeakReference _context = new(context, trackResurrection: true);

    public bool Unloadable { get; } = context.IsCollectible;

    public UnloadReport Run()
    {
        if (!Unloadable)
            return new UnloadReport(false, TimeSpan.Zero, $"Plugin '{plugin}' was loaded as not unloadable and stays in memory until the process ends.");

        long start = Stopwatch.GetTimestamp();
        for (int collection = 0; collection < MostCollections && _context.IsAlive; collection++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        return _context.IsAlive
            ? new UnloadReport(
                false,
                elapsed,
                $"Plugin '{plugin}' is not unloaded: after {MostCollections} collections something still refers to it. It keeps its memory. Usual causes: a running "
                + "thread or task, a timer, a registration on a token or event of the host or of .NET, an unfreed GCHandle, an exception or object of it that is held.")
            : new UnloadReport(true, elapsed, $"Plugin '{plugin}' is unloaded.");
    }
}

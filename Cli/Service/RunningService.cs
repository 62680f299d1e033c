using System.Runtime.InteropServices;
using DmaHeap.Hosting;
using Microsoft.Extensions.Logging;

namespace DmaHeap.Cli.Service;

/// <summary>The host's life as its service manager hears of it: ready, reloading and ready again, stopping. Thread-safe.</summary>
sealed class RunningService(ServiceManager manager, DmaHeapHostAccessor running, string socket)
{
    readonly Lock _told = new();
    bool _stopping;

    /// <summary>It serves. Returns the watchdog, where one is wanted.</summary>
    public Watchdog? Begin(ILogger log)
    {
        TellUnlessStopping(() => manager.Ready(Describe("")));
        return Watchdog.Start(manager, socket, log);
    }

    /// <summary>What was kept for the host has been taken over, or refused: kept any longer it would hold buffers alive that nobody else has.</summary>
    public void Forget(IEnumerable<StoredBuffer> stored)
    {
        foreach (var name in stored.Select(buffer => buffer.Name).Distinct()) TellUnlessStopping(() => manager.Forget(name));
    }

    /// <summary>SIGHUP: has the configuration read again.</summary>
    public void Reload(PosixSignalContext signal)
    {
        signal.Cancel = true;
        try
        {
            running.Host.RequestReload();
        }
        catch (InvalidOperationException)
        {
            // Not up yet, or going down: there is nothing to reload.
        }
    }

    /// <summary>A reload begins, whoever wanted it.</summary>
    public void ReloadBegins() => TellUnlessStopping(manager.Reloading);

    /// <summary>It has ended; one that was refused is logged with its reasons.</summary>
    public void ReloadEnded(ReloadOutcome outcome) => TellUnlessStopping(() => manager.Ready(Describe(outcome.Refusal is null ? "" : "; the last reload was refused, see dmaheap status")));

    /// <summary>It ends. Nothing is told after this.</summary>
    public void Stop()
    {
        lock (_told)
        {
            _stopping = true;
            manager.Stopping();
        }
    }

    void TellUnlessStopping(Action tell)
    {
        lock (_told)
        {
            if (!_stopping) tell();
        }
    }

    string Describe(string outcome)
    {
        try
        {
            var heaps = running.Host.Heaps;
            return $"Serving {heaps.Count(heap => heap.Unavailable is null)} of {heaps.Count} heaps on {socket}{outcome}";
        }
        catch (InvalidOperationException)
        {
            return "Stopping";
        }
    }
}

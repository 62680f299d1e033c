using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging;

namespace DmaHeap.Cli.Service;

/// <summary>
/// Tells whoever started the service how it goes, by the protocol of sd_notify(3): systemd, or any other that sets <c>$NOTIFY_SOCKET</c>. Says nothing where nobody listens. Thread-safe.
/// </summary>
sealed class ServiceManager(ILogger log)
{
    readonly SystemdNotifier _notifier = new();

    public bool IsListening => _notifier.IsEnabled;

    public void Ready(string status) => Tell($"READY=1\nSTATUS={status}");

    /// <summary>A reload begins, and ends with <see cref="Ready"/>. The time tells it from one before (Type=notify-reload).</summary>
    public void Reloading() => Tell(string.Create(CultureInfo.InvariantCulture, $"RELOADING=1\nMONOTONIC_USEC={MonotonicMicroseconds}\nSTATUS=Reading the configuration again"));

    public void Stopping() => Tell("STOPPING=1\nSTATUS=Stopping; buffers stay with the programs that have them");

    /// <summary>All that was stored under a name is no longer wanted.</summary>
    public void Forget(string stored) => Tell($"FDSTOREREMOVE=1\nFDNAME={(stored.Length > 0 ? stored : "stored")}");

    public void Alive() => Tell("WATCHDOG=1");

    // CLOCK_MONOTONIC is what the stopwatch reads.
    static long MonotonicMicroseconds => (long)(Stopwatch.GetTimestamp() * (1e6 / Stopwatch.Frequency));

    void Tell(string state)
    {
        if (!_notifier.IsEnabled) return;
        try
        {
            _notifier.Notify(new ServiceState(state));
        }
        catch (SocketException exception)
        {
            ServiceLog.NotTold(log, state.Split('\n')[0], exception.Message);
        }
    }
}

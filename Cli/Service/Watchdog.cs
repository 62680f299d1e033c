using System.Globalization;
using DmaHeap.Client;
using DmaHeap.Linux;
using Microsoft.Extensions.Logging;

namespace DmaHeap.Cli.Service;

/// <summary>
/// Tells the service manager that the host is alive, as often as it wants to hear, and each time only after a new client was let in and answered by the host's own workers. A host whose
/// workers hang answers nobody: then this thread waits with the others, says nothing, and the service manager does what it is told to do with such a service.
/// </summary>
sealed class Watchdog : IDisposable
{
    const string Interval = "WATCHDOG_USEC", Process = "WATCHDOG_PID";

    readonly ServiceManager _manager;
    readonly string _socket;
    readonly TimeSpan _pause;
    readonly ILogger _log;
    readonly ManualResetEventSlim _stop = new();

    Watchdog(ServiceManager manager, string socket, TimeSpan pause, ILogger log)
    {
        (_manager, _socket, _pause, _log) = (manager, socket, pause, log);
        new Thread(Run) { IsBackground = true, Name = "dmaheap watchdog" }.Start();
    }

    /// <summary>Starts it where one is wanted; null where not.</summary>
    public static Watchdog? Start(ServiceManager manager, string socket, ILogger log)
    {
        if (!manager.IsListening || Read(Interval) is not ({ } microseconds and > 0)) return null;
        if (Read(Process) is { } process && process != Environment.ProcessId) return null;
        return new Watchdog(manager, socket, TimeSpan.FromMicroseconds(microseconds / 2.0), log); // half, as sd_watchdog_enabled(3) wants
    }

    // The thread may be waiting for an answer that does not come; it ends with the process.
    public void Dispose() => _stop.Set();

    void Run()
    {
        do
        {
            if (Answers()) _manager.Alive();
        }
        while (!_stop.Wait(_pause));
    }

    bool Answers()
    {
        try
        {
            if (SeqpacketSocket.TryConnect(_socket, out var socket) is var errno and not Errno.None) throw new IOException(errno.Describe());
            using var client = DmaHeapClient.Attach(socket);
            return true;
        }
        catch (DmaHeapException refusal) when (refusal.Errno == Errno.EMFILE)
        {
            return true; // no room for one more, and it said so
        }
        catch (IOException exception)
        {
            if (!_stop.IsSet) ServiceLog.Unanswered(_log, exception.Message);
            return false;
        }
    }

    static long? Read(string variable) =>
        long.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}

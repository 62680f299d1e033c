using System.Runtime.InteropServices;

namespace DmaHeap.Bench;

/// <summary>What has to be ended or put back, also where the run is interrupted: processes, reserved pages, the scratch folder.</summary>
sealed class Leftovers : IDisposable
{
    static readonly Lock s_lock = new();
    static readonly List<IDisposable> s_known = [];

    readonly PosixSignalRegistration[] _signals =
    [
        PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt), PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt), PosixSignalRegistration.Create(PosixSignal.SIGHUP, Interrupt),
    ];

    public static void Add(IDisposable one)
    {
        lock (s_lock) s_known.Add(one);
    }

    /// <summary>Whoever takes it out undoes it: false when another has.</summary>
    public static bool Remove(IDisposable one)
    {
        lock (s_lock) return s_known.Remove(one);
    }

    public void Dispose()
    {
        foreach (var signal in _signals) signal.Dispose();
    }

    static void Interrupt(PosixSignalContext signal)
    {
        const int Shell = 128;
        signal.Cancel = true;
        List<IDisposable> known;
        lock (s_lock) known = [.. Enumerable.Reverse(s_known)];
        foreach (var one in known) one.Dispose();
        Environment.Exit(Shell + (signal.Signal switch { PosixSignal.SIGINT => 2, PosixSignal.SIGTERM => 15, _ => 1 }));
    }
}

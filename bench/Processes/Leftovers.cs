using System.Runtime.InteropServices;

namespace DmaHeap.Bench;

/// <summary>What has to be ended or put back, also where the run is interrupted: processes, reserved pages, the scratch folder.</summary>
sealed class Leftovers : IDisposable
{
    static readonly Lock s_lock = new();
    static readonly List<IDisposable> s_known = [];

    static volatile bool s_ending;

    readonly PosixSignalRegistration[] _signals =
    [
        PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt), PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt), PosixSignalRegistration.Create(PosixSignal.SIGHUP, Interrupt),
    ];

    public static void Add(IDisposable one)
    {
        lock (s_lock) s_known.Add(one);
        StopWhereEnding();
    }

    /// <summary>Does not return where the run is being ended: nothing more is to be begun.</summary>
    public static void StopWhereEnding()
    {
        if (s_ending) Thread.Sleep(Timeout.Infinite);
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
        s_ending = true;
        while (Last() is { } one) one.Dispose();
        Environment.Exit(Shell + (signal.Signal switch { PosixSignal.SIGINT => 2, PosixSignal.SIGTERM => 15, _ => 1 }));
    }

    static IDisposable? Last()
    {
        lock (s_lock) return s_known.Count == 0 ? null : s_known[^1];
    }
}

using System.Runtime.InteropServices;
using DmaHeap.Linux;

namespace DmaHeap.Cli.Exec;

/// <summary>
/// Signals while the program runs. Whatever is typed at the terminal is a signal to the program as well as to this process, so that this one does nothing; what was sent to this process
/// alone is passed on. What was ignored at the start stays ignored, here and in the program.
/// </summary>
sealed class ProgramSignals : IDisposable
{
    const int Interrupt = 2, Quit = 3, HangUp = 1, User1 = 10, User2 = 12, Terminate = 15, TerminalStop = 20;

    readonly Lock _lock = new();
    readonly List<int> _early = [];
    readonly Dictionary<int, PosixSignalRegistration> _registrations = [];
    int _processId;
    bool _ended;

    public ProgramSignals(SignalSet ignored)
    {
        foreach (var signal in (ReadOnlySpan<int>)[HangUp, Interrupt, Quit, User1, User2, Terminate, TerminalStop])
        {
            if (ignored.Contains(signal)) continue;
            _registrations.Add(signal, Register(signal));
        }
    }

    /// <summary>From now on there is a program; it gets what came before.</summary>
    public void Started(int processId)
    {
        lock (_lock)
        {
            _processId = processId;
            foreach (var signal in _early) ChildProcess.TrySignal(processId, signal);
            _early.Clear();
        }
    }

    /// <summary>The program is about to be waited for to its end: its number is nobody's afterwards.</summary>
    public void Ended()
    {
        lock (_lock) _ended = true;
    }

    public void Dispose()
    {
        foreach (var registration in _registrations.Values) registration.Dispose();
    }

    /// <summary>Has a stop signal do to this process what it did to the program. Returns when this process goes on; at once where the kernel lets nobody stop who has no shell to
    /// continue him.</summary>
    public void StopBy(int signal)
    {
        if (_registrations.Remove(signal, out var registration)) registration.Dispose();
        ChildProcess.Raise(signal);
        if (registration is not null) _registrations.Add(signal, Register(signal));
    }

    PosixSignalRegistration Register(int signal) => PosixSignalRegistration.Create((PosixSignal)signal, context =>
    {
        context.Cancel = true;
        if (signal is Interrupt or Quit or TerminalStop && Terminal.IsForeground) return;
        Pass(signal);
    });

    void Pass(int signal)
    {
        lock (_lock)
        {
            if (_ended) return;
            if (_processId == 0) _early.Add(signal);
            else ChildProcess.TrySignal(_processId, signal);
        }
    }
}

using System.Runtime.InteropServices;

namespace DmaHeap.Cli;

/// <summary>Turns SIGINT and SIGTERM into a cancellation for as long as it lives, so that a command ends in order.</summary>
sealed class Interruption : IDisposable
{
    readonly CancellationTokenSource _source = new();
    readonly PosixSignalRegistration[] _registrations;

    public Interruption() => _registrations =
    [
        PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt),
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt),
    ];

    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
        _source.Dispose();
    }

    void Interrupt(PosixSignalContext signal)
    {
        signal.Cancel = true;
        _source.Cancel();
    }
}

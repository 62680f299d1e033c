using DmaHeap.Linux;

namespace DmaHeap.Cli.Exec;

/// <summary>Waits for the program as a shell waits for us: when the terminal stops the program this process stops too, so that the shell takes over, and goes on with it.</summary>
static class ProgramWait
{
    const int KilledBase = 128;
    const int Continue = 18, TerminalStop = 20, TerminalInput = 21, TerminalOutput = 22;

    /// <summary>Waits until it ends.</summary>
    /// <returns>Its exit status, or 128 and the signal that killed it.</returns>
    public static int ForEnd(int processId, ProgramSignals signals)
    {
        var change = ChildProcess.Wait(processId);
        while (true)
        {
            switch (change.Event)
            {
                case ChildEvent.Exited:
                    signals.Ended();
                    return change.Number;
                case ChildEvent.Killed:
                    signals.Ended();
                    return KilledBase + change.Number;
                case ChildEvent.Stopped when change.Number is TerminalStop or TerminalInput or TerminalOutput:
                    signals.StopBy(change.Number);
                    // A shell continues both. By now the program may even have been stopped anew, which must not be undone.
                    if (ChildProcess.Poll(processId) is { } next)
                    {
                        change = next;
                        continue;
                    }

                    ChildProcess.TrySignal(processId, Continue);
                    break;
            }

            change = ChildProcess.Wait(processId);
        }
    }
}

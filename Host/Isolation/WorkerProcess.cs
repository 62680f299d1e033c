using System.Text;
using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Isolation;

/// <summary>
/// A worker's process, from its start until it was waited for. It is started from a thread that has given up its privileges, which the process therefore never has, and which then
/// waits for it: the process has the kernel end it with that thread, and so with the host.
/// </summary>
internal sealed class WorkerProcess : IDisposable
{
    /// <summary>Number of the control socket in the worker.</summary>
    public const int ControlNumber = 3;

    private const int Interrupt = 2, HangUp = 1, Terminate = 15, TerminalStop = 20;

    // A key pressed at the host's terminal is the host's to act on: its workers go on until it has done with them.
    private static readonly SignalSet s_blocked = SignalSet.Of(HangUp, Interrupt, Terminate, TerminalStop);
    private static readonly SignalSet s_default = SignalSet.Of(13);

    private readonly ManualResetEventSlim _started = new();
    private readonly ManualResetEventSlim _over = new();
    private readonly WorkerWords _words = new();
    private string _how = "";
    private Exception? _failure;
    private Errno _errno;
    private SafeFileHandle? _pidfd;

    private WorkerProcess()
    {
    }

    public int ProcessId { get; private set; }

    /// <param name="program">What to run.</param>
    /// <param name="control">The worker's end of its control socket; it may be closed afterwards.</param>
    /// <exception cref="HeapException">It could not be started.</exception>
    public static WorkerProcess Start(WorkerProgram program, SafeFileHandle control)
    {
        using var nothing = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.ReadWrite);
        var process = new WorkerProcess();
        var prepared = new PreparedProgram(
            Bytes(program.File), [.. program.Arguments.Select(Bytes)], [.. WorkerProgram.Environment().Select(Bytes)], s_default, s_blocked,
            [nothing, nothing, process._words.Input, control]);
        new Thread(() => process.Run(prepared)) { IsBackground = true, Name = "dmaheap worker" }.Start();
        process._started.Wait();
        process._words.Begin();
        if (process._failure is null && process._errno == Errno.None) return process;
        process._words.Dispose();
        throw new HeapException(HeapErrno.NoDevice, HeapCause.Unavailable,
            $"no worker process can be started: {process._failure?.Message ?? $"{program.File}: {process._errno}, {process._errno.Describe()}"}", process._failure);
    }

    /// <summary>Ends it, if it lives.</summary>
    public void Kill()
    {
        if (Volatile.Read(ref _pidfd) is not { } pidfd) return;
        try
        {
            ProcessFd.TryKill(pidfd);
        }
        catch (ObjectDisposedException)
        {
            // It was waited for meanwhile.
        }
    }

    /// <summary>Waits until it has ended.</summary>
    /// <returns>How, and what it said last.</returns>
    public string WaitForEnd()
    {
        _over.Wait();
        return _how;
    }

    /// <summary>Lets go of it, after it has ended.</summary>
    public void Dispose()
    {
        _pidfd?.Dispose();
        _words.Dispose();
    }

    // A thread that is started from this one has no privileges either: nothing here may lead to one, of the pool for example.
    private void Run(PreparedProgram program)
    {
        var processId = 0;
        try
        {
            using (program)
            {
                _errno = ThreadPrivileges.TryDropAll();
                if (_errno == Errno.None) _errno = program.TryStart(out processId);
                if (_errno == Errno.None && ProcessFd.TryOpen(processId, out var pidfd) == Errno.None) _pidfd = pidfd;
            }
        }
        catch (Exception exception)
        {
            _failure = exception;
        }

        ProcessId = processId;
        _started.Set();
        if (_failure is not null || _errno != Errno.None) return;
        var how = Wait(processId);
        var words = _words.Last();
        _how = words.Length == 0 ? how : $"{how}: {words}";
        _over.Set();
    }

    private static string Wait(int processId)
    {
        try
        {
            while (true)
            {
                var change = ChildProcess.Wait(processId);
                if (change.Event == ChildEvent.Exited) return $"exited with status {change.Number}";
                if (change.Event == ChildEvent.Killed) return $"was ended by signal {change.Number}{Name(change.Number)}";
            }
        }
        catch (LinuxException)
        {
            return "ended, and somebody else waited for it"; // a program that embeds the host and waits for any child
        }
    }

    private static string Name(int signal) => signal switch
    {
        6 => " (SIGABRT)",
        7 => " (SIGBUS)",
        9 => " (SIGKILL)",
        11 => " (SIGSEGV)",
        _ => "",
    };

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}

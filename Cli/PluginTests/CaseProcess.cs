using System.Diagnostics;
using System.IO.Pipes;

namespace DmaHeap.Cli.PluginTests;

/// <summary>The process that runs cases, as the one that waits for it sees it. Disposing it kills it, with all it started.</summary>
sealed class CaseProcess : IDisposable
{
    // What it wrote before it ended is there by then; only who it left behind can hold its output open for longer.
    static readonly TimeSpan s_lastWords = TimeSpan.FromSeconds(5);

    readonly Process _process;
    readonly TaskCompletionSource _gone = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly AnonymousPipeServerStream _pipe;
    readonly StreamReader _lines;

    CaseProcess(Process process, AnonymousPipeServerStream pipe)
    {
        _process = process;
        _pipe = pipe;
        _lines = new StreamReader(pipe);
        _process.Exited += (_, _) => _gone.TrySetResult();
        _process.EnableRaisingEvents = true;
    }

    /// <summary>Starts it. What the plugin prints goes to standard error: standard output is for the result.</summary>
    /// <param name="command">The command of this program that it runs, whose first argument is the pipe.</param>
    /// <param name="arguments">Its further arguments.</param>
    public static CaseProcess Start(string command, IEnumerable<string> arguments)
    {
        var self = Environment.ProcessPath ?? throw new CommandFailedException(ExitCode.Failed, "plugin-test", "the program does not know its own file");
        var pipe = new AnonymousPipeServerStream(PipeDirection.In, HandleInheritability.Inheritable);
        var start = new ProcessStartInfo(self) { RedirectStandardInput = true, RedirectStandardOutput = true };
        // A process that is killed cannot remove the sockets and pipes .NET's diagnostics keep in /tmp.
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        // Run by "dotnet dmaheap.dll", the process's file is dotnet.
        if (Path.GetFileNameWithoutExtension(self) == "dotnet") start.ArgumentList.Add(typeof(CaseProcess).Assembly.Location);
        foreach (var argument in (IEnumerable<string>)[command, pipe.GetClientHandleAsString(), .. arguments]) start.ArgumentList.Add(argument);
        var process = Process.Start(start)!;
        pipe.DisposeLocalCopyOfClientHandle();
        process.StandardInput.Close();
        process.OutputDataReceived += (_, printed) =>
        {
            if (printed.Data is not null) Console.Error.WriteLine(printed.Data);
        };
        process.BeginOutputReadLine();
        return new CaseProcess(process, pipe);
    }

    /// <summary>Its next line; null when it ended, even if a process that it started lives on.</summary>
    /// <exception cref="OperationCanceledException">It said nothing for so long.</exception>
    public async Task<string?> ReadLineAsync(CancellationToken cancellationToken)
    {
        var reading = _lines.ReadLineAsync(cancellationToken).AsTask();
        await Task.WhenAny(reading, _gone.Task);
        try
        {
            return await reading.WaitAsync(s_lastWords, cancellationToken);
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    /// <summary>Waits until it is gone.</summary>
    /// <returns>How it ended, for a sentence, and its exit code.</returns>
    public async Task<(string How, int Code)> EndAsync(CancellationToken cancellationToken)
    {
        await _gone.Task.WaitAsync(cancellationToken);
        // For the rest of what it printed.
        await Task.WhenAny(_process.WaitForExitAsync(CancellationToken.None), Task.Delay(s_lastWords, CancellationToken.None));
        var code = _process.ExitCode;
        return (code > 128 ? $"was ended by signal {code - 128}{NameOf(code - 128)}" : $"ended with exit code {code}", code);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
        }

        _lines.Dispose();
        _pipe.Dispose();
        _process.Dispose();
    }

    static string NameOf(int signal) => signal switch
    {
        4 => " (SIGILL)",
        6 => " (SIGABRT: an unhandled exception, or the code aborted)",
        7 => " (SIGBUS)",
        8 => " (SIGFPE)",
        9 => " (SIGKILL)",
        11 => " (SIGSEGV)",
        _ => "",
    };
}

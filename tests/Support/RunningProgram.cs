using System.Diagnostics;
using System.Text;
using DmaHeap.Linux;

namespace DmaHeap.Tests.Support;

/// <summary>What a program printed, and how it ended.</summary>
sealed record Ended(int ExitCode, string Output, string Error);

/// <summary>A real process whose output is collected and whose every step has a deadline. Disposing it kills it, by its own id, if it still runs.</summary>
sealed class RunningProgram : IDisposable
{
    public const int KilledBySigkill = 128 + 9;

    // Long for a machine with much else to do; a test that passes never waits for it.
    static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(60);

    readonly Process _process;
    readonly StringBuilder _output = new();
    readonly Task<string> _error;
    readonly Task _reading;
    readonly Lock _gate = new();
    TaskCompletionSource _grown = new(TaskCreationOptions.RunContinuationsAsynchronously);

    RunningProgram(Process process)
    {
        _process = process;
        _error = process.StandardError.ReadToEndAsync();
        _reading = CollectAsync();
    }

    public int Id => _process.Id;

    public bool IsRunning => !_process.HasExited;

    /// <summary>Whether it has ended; what it started may still hold its streams.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>Starts a program with nothing on its standard input, unless it is to be spoken to.</summary>
    /// <param name="file">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="environment">Variables it has beside ours; null takes one of ours away.</param>
    /// <param name="spokenTo">Leaves its standard input open for <see cref="Say"/>.</param>
    public static RunningProgram Start(
        string file, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment = null, bool spokenTo = false)
    {
        var start = new ProcessStartInfo(file) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>()) start.Environment[name] = value;
        var process = Process.Start(start)!;
        if (!spokenTo) process.StandardInput.Close();
        return new RunningProgram(process);
    }

    /// <summary>Runs a program to its end.</summary>
    /// <inheritdoc cref="Start"/>
    public static async Task<Ended> RunAsync(string file, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment = null)
    {
        using var program = Start(file, arguments, environment);
        return await program.EndAsync();
    }

    /// <summary>Gives it a line on its standard input.</summary>
    public void Say(string line)
    {
        _process.StandardInput.WriteLine(line);
        _process.StandardInput.Flush();
    }

    /// <summary>Ends its standard input.</summary>
    public void Hush() => _process.StandardInput.Close();

    /// <summary>Waits until what it printed so far is as wanted, and returns that.</summary>
    public async Task<string> PrintedAsync(Func<string, bool> wanted)
    {
        using var deadline = new CancellationTokenSource(s_deadline);
        while (true)
        {
            Task grown;
            lock (_gate)
            {
                grown = _grown.Task;
                if (wanted(_output.ToString())) return _output.ToString();
            }

            if (_reading.IsCompleted) Assert.Fail($"It ended without printing what was waited for. Output: {_output} Error: {await _error}");
            try
            {
                await Task.WhenAny(grown, _reading).WaitAsync(deadline.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"It did not print what was waited for. Output: {_output}");
            }
        }
    }

    /// <summary>Waits until it has ended.</summary>
    public Task<Ended> EndAsync() => EndAsync(s_deadline);

    /// <summary>Waits until it has ended, for as long as it is meant to take.</summary>
    public async Task<Ended> EndAsync(TimeSpan patience)
    {
        using var deadline = new CancellationTokenSource(patience);
        try
        {
            await _process.WaitForExitAsync(deadline.Token);
            await _reading.WaitAsync(deadline.Token);
            return new Ended(_process.ExitCode, _output.ToString(), await _error.WaitAsync(deadline.Token));
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"Process {Id} did not end. Output: {_output}");
        }
    }

    /// <summary>Sends a signal.</summary>
    public void Signal(int number)
    {
        Assert.Equal(Errno.None, ProcessFd.TryOpen(Id, out var process));
        using (process) Assert.Equal(Errno.None, ProcessFd.TrySendSignal(process, number));
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    async Task CollectAsync()
    {
        var buffer = new char[4096];
        while (await _process.StandardOutput.ReadAsync(buffer) is var count and > 0)
        {
            lock (_gate)
            {
                _output.Append(buffer, 0, count);
                _grown.SetResult();
                _grown = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }
}

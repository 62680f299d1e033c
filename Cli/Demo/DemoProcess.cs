using System.Diagnostics;

namespace DmaHeap.Cli.Demo;

/// <summary>This program run again as process A or B, as the demo sees it. Disposing it kills it if it still runs.</summary>
sealed class DemoProcess : IDisposable
{
    public const int KilledBySigkill = 128 + 9;

    readonly Process _process;
    readonly string _who;

    DemoProcess(string who, Process process)
    {
        _who = who;
        _process = process;
    }

    public int Id => _process.Id;

    /// <summary>Starts it and waits until it is ready for orders.</summary>
    public static async Task<DemoProcess> StartAsync(string who, string[] arguments, CancellationToken deadline)
    {
        var self = Environment.ProcessPath ?? throw new CommandFailedException(ExitCode.Failed, "demo", "the program does not know its own file");
        var start = new ProcessStartInfo(self) { RedirectStandardInput = true, RedirectStandardOutput = true };
        // A process that is killed cannot remove the sockets and pipes .NET's diagnostics keep in /tmp.
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        // Run by "dotnet dmaheap.dll", the process's file is dotnet.
        if (Path.GetFileNameWithoutExtension(self) == "dotnet") start.ArgumentList.Add(typeof(DemoProcess).Assembly.Location);
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        var process = new DemoProcess(who, Process.Start(start)!);
        try
        {
            await process.ReadAsync(deadline);
            return process;
        }
        catch
        {
            process.Dispose();
            throw;
        }
    }

    /// <summary>Gives an order and waits until it is done.</summary>
    /// <returns>The reply.</returns>
    /// <exception cref="CommandFailedException">It failed, or the process ended.</exception>
    public async Task<string> AskAsync(string order, CancellationToken deadline)
    {
        await SendAsync(order, deadline);
        var reply = await ReadAsync(deadline);
        if (reply.StartsWith(DemoOrders.Done, StringComparison.Ordinal)) return reply[DemoOrders.Done.Length..];
        throw Failed(reply.StartsWith(DemoOrders.Failed, StringComparison.Ordinal) ? reply[DemoOrders.Failed.Length..] : $"unexpected reply \"{reply}\"");
    }

    /// <summary>Kills it with SIGKILL and waits until it is gone.</summary>
    public async Task KillAsync(CancellationToken deadline)
    {
        _process.Kill();
        await EndAsync(KilledBySigkill, deadline);
    }

    /// <summary>Tells it to exit and waits until it has.</summary>
    public async Task ExitAsync(CancellationToken deadline)
    {
        await SendAsync(DemoOrders.Exit, deadline);
        await EndAsync(ExitCode.Success, deadline);
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

    async Task SendAsync(string order, CancellationToken deadline)
    {
        try
        {
            await _process.StandardInput.WriteLineAsync(order.AsMemory(), deadline);
            await _process.StandardInput.FlushAsync(deadline);
        }
        catch (IOException)
        {
            // It ended. How, is told where its answer or its end is waited for.
        }
    }

    async Task EndAsync(int expected, CancellationToken deadline)
    {
        await _process.WaitForExitAsync(deadline);
        if (_process.ExitCode != expected) throw Failed($"ended with exit code {_process.ExitCode}, not {expected}");
    }

    async Task<string> ReadAsync(CancellationToken deadline)
    {
        if (await _process.StandardOutput.ReadLineAsync(deadline) is { } line) return line;
        await _process.WaitForExitAsync(deadline);
        throw Failed($"ended with exit code {_process.ExitCode}");
    }

    CommandFailedException Failed(string why) => new(ExitCode.Failed, "demo", $"{_who} (process {Id}): {why}");
}

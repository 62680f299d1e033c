using System.Diagnostics;
using System.Globalization;
using DmaHeap.Linux;

namespace DmaHeap.Bench;

/// <summary>A server under test, ours or C's, in a process of its own; ended with its benchmark.</summary>
sealed class ServerProcess : IDisposable
{
    private const int Terminate = 15;

    private readonly Process _process;

    private ServerProcess(Process process, string socket)
    {
        _process = process;
        Socket = socket;
    }

    public string Socket { get; }

    /// <summary>The daemon as users run it: the launcher's ReadyToRun build, the repository's plugins.json.</summary>
    public static ServerProcess StartHost(string folder) => StartHost(folder, "host", Path.Combine(Repository.Root, "plugins.json"));

    /// <summary>As <see cref="StartHost(string)"/>, with another configuration, under a name of its own.</summary>
    public static ServerProcess StartHost(string folder, string name, string configuration) =>
        Start(Path.Combine(Repository.Root, "dmaheap"), ["serve", "--config", configuration, "--socket"], folder, name);

    public static ServerProcess StartBroker(NativePrograms native, string folder) => Start(native.Broker, [], folder, "broker");

    /// <summary>Resident memory, and the part of it that is the process's own, in bytes.</summary>
    public (long Resident, long Anonymous) Memory() => (ReadStatus("VmRSS:"), ReadStatus("RssAnon:"));

    /// <summary>Descriptors open in the process.</summary>
    public int Descriptors() => Directory.GetFiles($"/proc/{_process.Id}/fd").Length;

    public void Dispose()
    {
        // The broker ends with its input; the host on SIGTERM.
        _process.StandardInput.Close();
        if (ProcessFd.TryOpen(_process.Id, out var process) == Errno.None) ProcessFd.TrySendSignal(process, Terminate);
        process.Dispose();
        if (!_process.WaitForExit(20_000)) _process.Kill();
        _process.Dispose();
    }

    private static ServerProcess Start(string program, string[] arguments, string folder, string name)
    {
        var socket = Path.Combine(folder, name + ".socket");
        var process = Process.Start(new ProcessStartInfo(program, [.. arguments, socket])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        var clock = Stopwatch.StartNew();
        while (!File.Exists(socket))
        {
            if (process.HasExited || clock.Elapsed > TimeSpan.FromMinutes(5)) throw new InvalidOperationException($"{program} does not listen");
            Thread.Yield();
        }

        return new ServerProcess(process, socket);
    }

    private long ReadStatus(string key)
    {
        var line = File.ReadLines($"/proc/{_process.Id}/status").First(line => line.StartsWith(key, StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) * 1024;
    }
}

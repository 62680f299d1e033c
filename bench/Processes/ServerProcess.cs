using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using DmaHeap.Linux;

namespace DmaHeap.Bench;

/// <summary>A server under test, ours or C's, in a process of its own; ended with its benchmark.</summary>
sealed class ServerProcess : IDisposable
{
    const int Terminate = 15;

    static readonly TimeSpan s_longestStart = TimeSpan.FromMinutes(5);

    readonly Process _process;
    readonly ConcurrentQueue<string> _lastWords = [];

    ServerProcess(Process process, string socket)
    {
        _process = process;
        Socket = socket;
        Leftovers.Add(this);
    }

    public string Socket { get; }

    /// <summary>Whether it is a host, which is greeted.</summary>
    public bool IsHost { get; private init; }

    /// <summary>The daemon as users run it: the launcher's ReadyToRun build, the repository's plugins.json unless another configuration is given.</summary>
    public static ServerProcess StartHost(string folder, string name = "host", string? configuration = null) =>
        Start(Path.Combine(Repository.Root, "dmaheap"), ["serve", "--config", configuration ?? HostConfiguration.Shipped, "--socket"], Path.Combine(folder, name + ".socket"), isHost: true);

    public static ServerProcess StartBroker(NativePrograms native, string folder, int threads = 1) =>
        Start(native.Broker, [], Path.Combine(folder, $"broker{threads}.socket"), isHost: false, threads.ToString(CultureInfo.InvariantCulture));

    /// <summary>Resident memory, and the part of it that is the process's own, in bytes.</summary>
    public (long Resident, long Anonymous) Memory() => (ReadStatus("VmRSS:"), ReadStatus("RssAnon:"));

    /// <summary>Descriptors open in the process.</summary>
    /// <exception cref="CannotMeasureException">Only root and the process itself see them.</exception>
    public int Descriptors() => List("fd").Length;

    /// <summary>Inotify watches of the process.</summary>
    /// <exception cref="CannotMeasureException">As with descriptors.</exception>
    public int Watches()
    {
        var count = 0;
        foreach (var file in List("fdinfo"))
        {
            try
            {
                count += File.ReadLines(file).Count(line => line.StartsWith("inotify wd:", StringComparison.Ordinal));
            }
            catch (IOException)
            {
                // Closed since it was listed.
            }
        }

        return count;
    }

    /// <summary>Ends it as a crash does, and waits until it is gone.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        if (!Leftovers.Remove(this)) return;
        // The broker ends with its input, and takes its socket away; the host does both on SIGTERM.
        _process.StandardInput.Close();
        if (IsHost && !_process.HasExited)
        {
            if (ProcessFd.TryOpen(_process.Id, out var process) == Errno.None) ProcessFd.TrySendSignal(process, Terminate);
            process.Dispose();
        }

        if (!_process.WaitForExit(20_000)) _process.Kill();
        _process.Dispose();
    }

    string[] List(string what)
    {
        try
        {
            return Directory.GetFiles($"/proc/{_process.Id}/{what}");
        }
        catch (UnauthorizedAccessException)
        {
            throw new CannotMeasureException("only root sees what descriptors the host has, as it does not let other processes of its user in");
        }
    }

    static ServerProcess Start(string program, string[] arguments, string socket, bool isHost, params string[] last)
    {
        var process = Process.Start(new ProcessStartInfo(program, [.. arguments, socket, .. last]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var server = new ServerProcess(process, socket) { IsHost = isHost };
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, line) => server.Said(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            server.AwaitConnections(program);
            return server;
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    // The socket's file may be that of a host before.
    void AwaitConnections(string program)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            var errno = SeqpacketSocket.TryConnect(Socket, out var connection);
            connection.Dispose();
            if (errno == Errno.None) return;
            if (_process.HasExited || clock.Elapsed > s_longestStart)
            {
                if (_process.HasExited) _process.WaitForExit(); // until its last line was read
                throw new InvalidOperationException($"{Path.GetFileName(program)} does not listen: {string.Join(' ', _lastWords)}");
            }

            Thread.Sleep(1);
        }
    }

    // What it says while all is well is of no interest; what the launcher says is, as a build takes long.
    void Said(string? line)
    {
        const int Most = 10;
        if (line is null) return;
        _lastWords.Enqueue(line.Trim());
        if (_lastWords.Count > Most) _lastWords.TryDequeue(out _);
        if (line.StartsWith("dmaheap: ", StringComparison.Ordinal)) Workbench.Progress(line);
    }

    long ReadStatus(string key)
    {
        var line = File.ReadLines($"/proc/{_process.Id}/status").First(line => line.StartsWith(key, StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) * 1024;
    }
}

using System.Diagnostics;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Host;

/// <summary>A second process, tests/peer, which ends with the test.</summary>
internal sealed class PeerProcess : IDisposable
{
    private readonly Process _process;

    private PeerProcess(ProcessStartInfo start)
    {
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        _process = Process.Start(start)!;
    }

    public static string[] Command => [Environment.ProcessPath is { } path && Path.GetFileName(path) == "dotnet" ? path : "dotnet", Builds.File("Peer", "Peer")];

    public int Id => _process.Id;

    public static PeerProcess Start(params string[] arguments) => new(new ProcessStartInfo(Command[0], [Command[1], .. arguments]));

    /// <summary>Starts a shell that may prepare something before it runs the peer: <c>"$@"</c>.</summary>
    public static PeerProcess StartBy(string program, string[] before, string script, params string[] arguments) =>
        new(new ProcessStartInfo(program, [.. before, "sh", "-c", script, "sh", .. Command, .. arguments]));

    /// <summary>Tells the peer something and waits for its answer.</summary>
    public string? Ask(string line)
    {
        Tell(line);
        return ReadLine();
    }

    public void Tell(string line)
    {
        _process.StandardInput.WriteLine(line);
        _process.StandardInput.Flush();
    }

    public string? ReadLine() => _process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30)).GetAwaiter().GetResult();

    /// <summary>SIGKILL, and waits until it is no more.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public (int Exit, string Output) Finish()
    {
        var errors = _process.StandardError.ReadToEndAsync();
        var output = _process.StandardOutput.ReadToEndAsync();
        Assert.True(_process.WaitForExit(TimeSpan.FromSeconds(60)), "the peer does not end");
        return (_process.ExitCode, output.GetAwaiter().GetResult() + errors.GetAwaiter().GetResult());
    }

    public void Dispose()
    {
        if (!_process.HasExited) Kill();
        _process.Dispose();
    }
}

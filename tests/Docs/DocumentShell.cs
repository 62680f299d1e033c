using System.Diagnostics;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Docs;

/// <summary>
/// Runs a document's commands one after another; one that ends with &amp; runs on beside the others, and is ended with the shell. <c>%?WORD</c> is the last of those that has the word in it.
/// </summary>
/// <param name="directory">Where they run.</param>
/// <param name="isUp">Whether what was started beside is as far as a person would wait for; the socket is there unless something else is said.</param>
internal sealed class DocumentShell(string directory, Func<string, bool>? isUp = null) : IDisposable
{
    private readonly List<(string Command, Process Process)> _beside = [];

    public async Task<string> RunAsync(string command)
    {
        if (command.EndsWith('&'))
        {
            _beside.Add((command, Start("exec " + command[..^1] + " > /dev/null 2>&1")));
            await Eventually.Is(() => isUp?.Invoke(command) ?? File.Exists(Path.Join(directory, "socket")));
            return "";
        }

        if (command.Split(" %?") is [var before, var word])
        {
            var job = _beside.Last(job => job.Command.Contains(word, StringComparison.Ordinal)).Process;
            var said = await RunAsync($"{before} {job.Id}");
            await job.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(1));
            return said;
        }

        using var process = Start($"{{ {command}\n}} 2>&1");
        var printed = await process.StandardOutput.ReadToEndAsync().WaitAsync(TimeSpan.FromMinutes(1));
        await process.WaitForExitAsync();
        return printed;
    }

    public void Dispose()
    {
        foreach (var (_, process) in _beside)
        {
            process.Kill();
            process.WaitForExit();
            process.Dispose();
        }
    }

    private Process Start(string script)
    {
        var start = new ProcessStartInfo("bash", ["-c", script]) { WorkingDirectory = directory, RedirectStandardOutput = true };
        start.Environment["DMAHEAP_CONFIG"] = Repository.File("plugins.json");
        start.Environment["DMAHEAP_PLUGINS"] = string.Join(':', new[] { "SystemHeap", "CmaHeap", "SecureHeap", "AttachTimeHeap", "RegionHeap", "FakeHeap" }.Select(Builds.Folder));
        start.Environment["DMAHEAP_SOCKET"] = null;
        start.Environment["TMPDIR"] = directory;
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        start.Environment["PYTHONDONTWRITEBYTECODE"] = "1";
        return Process.Start(start)!;
    }
}

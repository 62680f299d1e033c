using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using DmaHeap.Tests.Linux;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Docs;

/// <summary>A document with commands and what they print, and a shell that runs them in a directory of their own.</summary>
internal sealed class ConsoleDocument(string name)
{
    private readonly string[] _lines = File.ReadAllLines(Repository.File("docs", name));

    /// <summary>Runs all commands, in order, and compares what they print.</summary>
    public async Task RunAsync(int atLeast)
    {
        using var directory = new TemporaryDirectory();
        Directory.CreateSymbolicLink(directory["samples"], Repository.File("samples"));
        File.CreateSymbolicLink(directory["dmaheap"], Path.Combine(Builds.Folder("DmaHeap.Cli"), "dmaheap"));
        using var shell = new DocumentShell(directory.Path);

        var commands = Commands().ToArray();
        Assert.True(commands.Length >= atLeast, "the commands were not found");
        foreach (var (command, expected) in commands)
        {
            var printed = await shell.RunAsync(command);
            Assert.True(Fits(expected, printed), $"$ {command}\nprints\n{printed}\nwhere the document has\n{expected}");
        }
    }

    private IEnumerable<(string Command, string Expected)> Commands()
    {
        string? command = null;
        var expected = new StringBuilder();
        foreach (var line in Blocks("console").Append("$ "))
        {
            if (!line.StartsWith("$ ", StringComparison.Ordinal))
            {
                expected.Append(line).Append('\n');
                continue;
            }

            if (command is not null) yield return (command, expected.ToString());
            command = line[2..];
            expected.Clear();
        }
    }

    public IEnumerable<string> Blocks(string language)
    {
        var inside = false;
        foreach (var line in _lines)
        {
            if (line.StartsWith("```", StringComparison.Ordinal)) inside = line == "```" + language;
            else if (inside) yield return line;
        }
    }

    public static bool Fits(string expected, string printed) =>
        Regex.IsMatch(printed, "^" + string.Join("[^\n]*", expected.Split('…').Select(Regex.Escape)) + "$", RegexOptions.Singleline)
        && printed.Count(c => c == '\n') == expected.Count(c => c == '\n');

    /// <summary>Runs a document's commands one after another; one that ends with &amp; runs on beside the others, and is ended with the shell.</summary>
    private sealed class DocumentShell(string directory) : IDisposable
    {
        private readonly List<Process> _beside = [];

        public async Task<string> RunAsync(string command)
        {
            if (command.EndsWith('&'))
            {
                _beside.Add(Start("exec " + command[..^1] + " > /dev/null 2>&1"));
                await Eventually.Is(() => File.Exists(Path.Join(directory, "socket")));
                return "";
            }

            using var process = Start($"{{ {command}\n}} 2>&1");
            var printed = await process.StandardOutput.ReadToEndAsync().WaitAsync(TimeSpan.FromMinutes(1));
            await process.WaitForExitAsync();
            return printed;
        }

        public void Dispose()
        {
            foreach (var process in _beside)
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
}

using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;
using DmaHeap.Heaps;
using DmaHeap.Testing;
using DmaHeap.Tests.Linux;
using DmaHeap.Tests.Support;

namespace DmaHeap.Tests.Docs;

/// <summary>docs/testers.md: its commands print what it says, and its code is this test's.</summary>
public sealed class TestersDocumentTests
{
    private static readonly string[] s_lines = File.ReadAllLines(Repository.File("docs", "testers.md"));

    [Fact]
    public async Task The_commands_print_what_it_says()
    {
        using var directory = new TemporaryDirectory();
        Directory.CreateSymbolicLink(directory["samples"], Repository.File("samples"));
        File.CreateSymbolicLink(directory["dmaheap"], Path.Combine(Builds.Folder("DmaHeap.Cli"), "dmaheap"));
        using var shell = new DocumentShell(directory.Path);

        var commands = Commands().ToArray();
        Assert.True(commands.Length > 6, "the commands were not found");
        foreach (var (command, expected) in commands)
        {
            var printed = await shell.RunAsync(command);
            Assert.True(Fits(expected, printed), $"$ {command}\nprints\n{printed}\nwhere the document has\n{expected}");
        }
    }

    [Fact]
    public void The_comparison_is_to_the_letter_but_for_what_is_left_open() =>
        Assert.Equal([true, true, false, false], [Fits("a …b\n", "a 1 b\n"), Fits("", ""), Fits("a …b\n", "a 1 c\n"), Fits("a\n", "a\nb\n")]);

    [Fact]
    public async Task A_unit_test_with_a_fake()
    {
        await using var host = await DmaHeapTestHost.StartAsync("camera", context => new FakeHeap(context, new FakeOptions
        {
            Rules = [new FakeRule { On = FakeHook.Allocate, Call = 2, Fail = FakeErrno.NoMemory }],
            Journal = new FakeJournalOptions { Lines = 1000 },
        }));

        using var first = host.Allocate("camera", 8192);
        var refusal = Assert.Throws<HeapException>(() => host.Allocate("camera", 8192));

        Assert.Equal(HeapErrno.NoMemory, refusal.Errno);
        Assert.Contains("\"answer\":\"ENOMEM\"", host.Host.ReadJournal("camera").Lines[^1]);
    }

    [Fact]
    public void The_code_is_this_files()
    {
        string[] code = [.. File.ReadAllLines(ThisPath()).Select(line => line.Trim())];
        string[] shown = [.. Blocks("csharp").Select(line => line.Trim())];
        Assert.NotEmpty(shown);
        Assert.Empty(shown.Except(code));
    }

    private static IEnumerable<(string Command, string Expected)> Commands()
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

    private static IEnumerable<string> Blocks(string language)
    {
        var inside = false;
        foreach (var line in s_lines)
        {
            if (line.StartsWith("```", StringComparison.Ordinal)) inside = line == "```" + language;
            else if (inside) yield return line;
        }
    }

    private static bool Fits(string expected, string printed) =>
        Regex.IsMatch(printed, "^" + string.Join("[^\n]*", expected.Split('…').Select(Regex.Escape)) + "$", RegexOptions.Singleline)
        && printed.Count(c => c == '\n') == expected.Count(c => c == '\n');

    private static string ThisPath([CallerFilePath] string path = "") => path;

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

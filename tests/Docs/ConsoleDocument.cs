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
    /// <param name="atLeast">How many there are at least.</param>
    /// <param name="isUp">Of a socket and a command that runs beside the others: whether it is as far as a person would wait for. Null: the socket is there.</param>
    public async Task RunAsync(int atLeast, Func<string, string, bool>? isUp = null)
    {
        using var directory = new TemporaryDirectory();
        Directory.CreateSymbolicLink(directory["samples"], Repository.File("samples"));
        File.CreateSymbolicLink(directory["dmaheap"], Path.Combine(Builds.Folder("DmaHeap.Cli"), "dmaheap"));
        using var shell = new DocumentShell(directory.Path, isUp is null ? null : command => isUp(directory["socket"], command));

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
}

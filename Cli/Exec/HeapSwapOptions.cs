using System.CommandLine;
using System.CommandLine.Parsing;
using DmaHeap.Hosting;
using DmaHeap.Hosting.Configuration;

namespace DmaHeap.Cli.Exec;

/// <summary>The options by which a heap is played by a script for the time of a program, and what was asked of it is kept.</summary>
static class HeapSwapOptions
{
    const string Fake = "FakeHeap";

    static readonly Option<string[]> s_swap = new("--swap")
    {
        Description = "Have a script play this heap for this run, with a host of its own. May be given several times.",
        HelpName = "HEAP=SCRIPT",
        DefaultValueFactory = _ => [],
    };

    static readonly Option<string?> s_journal = new("--journal")
    {
        Description = "With --swap: write every call that scripted heaps saw to this file, one JSON object a line.",
        HelpName = "FILE",
    };

    public static void AddTo(Command command)
    {
        command.Add(s_swap);
        command.Add(s_journal);
        command.Validators.Add(Check);
    }

    /// <summary>The swaps that were asked for, with their scripts read.</summary>
    /// <exception cref="ConfigurationException">A script cannot be read, or is no JSON object.</exception>
    public static IReadOnlyList<HeapSwap> Read(ParseResult parsed)
    {
        var swaps = new List<HeapSwap>();
        var errors = new List<ConfigurationError>();
        foreach (var text in parsed.GetRequiredValue(s_swap))
        {
            var at = text.IndexOf('=', StringComparison.Ordinal);
            var script = OptionsFile.Read(text[(at + 1)..]);
            errors.AddRange(script.Errors);
            if (script.IsValid) swaps.Add(new HeapSwap(text[..at], Fake, script.Value));
        }

        return errors.Count == 0 ? swaps : throw new ConfigurationException(errors);
    }

    /// <summary>The file for the journals; null when none is wanted.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static JournalFile? OpenJournal(ParseResult parsed, DmaHeapHost? host, IReadOnlyList<HeapSwap> swaps) =>
        parsed.GetValue(s_journal) is { } path && host is not null ? new JournalFile(path, host, [.. swaps.Select(swap => swap.Heap)]) : null;

    static void Check(CommandResult result)
    {
        var swaps = result.GetValue(s_swap) ?? [];
        foreach (var text in swaps)
        {
            var at = text.IndexOf('=', StringComparison.Ordinal);
            if (at <= 0 || at == text.Length - 1) result.AddError($"--swap {text}: write HEAP=SCRIPT, such as --swap system=script.json.");
        }

        if (swaps.Length > 0 && result.GetResult(CommonOptions.Socket) is not null)
            result.AddError("--swap has a host of its own for the program; the heaps of a running one (--socket) are swapped by: dmaheap swap HEAP --plugin FakeHeap --options SCRIPT");
        if (swaps.Length == 0 && result.GetResult(s_journal) is not null) result.AddError("--journal goes with --swap: only scripted heaps keep a journal.");
    }
}

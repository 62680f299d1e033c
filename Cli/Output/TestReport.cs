using DmaHeap.Testing;
using Spectre.Console;

namespace DmaHeap.Cli.Output;

/// <summary>What a plugin's cases came to, for people: a table, then each failure with what was seen and what it means.</summary>
static class TestReport
{
    public static void Show(PluginTestDocument document, IAnsiConsole console)
    {
        foreach (var heap in document.Heaps)
        {
            Show(heap, console);
            console.WriteLine();
        }

        console.WriteLine(document.Passed ? $"{document.File} passes." : $"{document.File} fails.");
    }

    static void Show(TestedHeapRow heap, IAnsiConsole console)
    {
        var table = Tables.Create("CASE", "RESULT", ">TIME", "WHAT IS CHECKED");
        foreach (var row in heap.Cases) table.Add(row.Case, row.Outcome, Words.Milliseconds(row.Milliseconds), row.Outcome == Words.Of(ConformanceOutcome.Skipped) ? $"({row.Detail})" : row.Checks);
        console.WriteLine($"{heap.Heap}: {Sum(heap)}");
        console.Write(table);
        foreach (var failed in heap.Cases.Where(row => row.Outcome == Words.Of(ConformanceOutcome.Failed)))
        {
            console.WriteLine();
            // Lines of a sentence are for the terminal to break, not for a table's width.
            console.Profile.Out.Writer.WriteLine($"{heap.Heap} fails {failed.Case}: {Words.Visible(failed.Detail ?? "")}.");
            console.Profile.Out.Writer.WriteLine($"  {failed.Failure}");
        }
    }

    static string Sum(TestedHeapRow heap) => string.Join(", ", heap.Cases.GroupBy(row => row.Outcome).Select(group => $"{group.Count()} {group.Key}"));
}

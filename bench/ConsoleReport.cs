using Spectre.Console;

namespace DmaHeap.Bench;

/// <summary>The report's table, for who waits for it.</summary>
static class ConsoleReport
{
    const int LeastWidth = 200;

    public static void Write(Report report, IAnsiConsole console)
    {
        var table = new Table().AddColumns("work", "ours", "against", "figure", "target", "");
        foreach (var result in report.Results)
        {
            string[] cells =
            [
                result.Work, result.Ours?.ToString() ?? "", string.Join('\n', result.Against), string.Join('\n', result.Figures),
                string.Join('\n', result.Figures.Select(figure => figure.ShowTarget())), result.ShowVerdict(),
            ];
            table.AddRow([.. cells.Select(Markup.Escape)]);
        }

        console.Profile.Width = Math.Max(console.Profile.Width, LeastWidth);
        console.Write(table);
        foreach (var warning in report.Warnings) console.WriteLine(warning);
    }
}

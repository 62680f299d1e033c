using System.Globalization;
using System.Text;

namespace DmaHeap.Bench;

/// <summary>The report for people, with its pictures beside it.</summary>
static class MarkdownReport
{
    /// <summary>The whole of it.</summary>
    /// <param name="report">What to write.</param>
    /// <param name="plots">The folder of the pictures, as seen from the text; empty for its own.</param>
    public static string Write(Report report, string plots = "")
    {
        var text = new StringBuilder("# Benchmarks\n\n");
        text.Append(Invariant($"{report.Begun.UtcDateTime:yyyy-MM-dd HH:mm} UTC, {report.Took.TotalMinutes:0.0} minutes; {report.Sum()}.\n\n"));
        return text.Append(WriteBody(report, plots)).ToString();
    }

    /// <summary>Warnings, machine, table, notes and pictures, to stand under another headline.</summary>
    public static string WriteBody(Report report, string plots)
    {
        var text = new StringBuilder();
        if (report.Quick) text.Append("A quick run (`--quick`): its figures are rough.\n\n");
        foreach (var warning in report.Warnings) text.Append(Invariant($"**{warning}**\n\n"));
        text.Append("| machine | |\n|---|---|\n");
        foreach (var (name, value) in report.Machine) text.Append(Invariant($"| {name} | {Cell(value)} |\n"));
        text.Append('\n').Append(Table(report.Results)).Append('\n');
        foreach (var result in report.Results.Where(result => result.Note.Length > 0)) text.Append(Invariant($"- {result.Work}: {result.Note}\n"));
        foreach (var curve in report.Curves)
        {
            text.Append(Invariant($"\n![{curve.Title}]({Path.Combine(plots, curve.Id)}.svg)\n"));
            if (curve.Note.Length > 0) text.Append(Invariant($"\n{curve.Note}\n"));
        }

        return text.ToString();
    }

    public static string Table(IEnumerable<Result> results)
    {
        var text = new StringBuilder("| work | ours | against | figure | target | |\n|---|---|---|---|---|---|\n");
        foreach (var result in results)
        {
            string[] cells =
            [
                result.Work, result.Ours?.ToString() ?? "", string.Join("; ", result.Against), string.Join(", ", result.Figures),
                string.Join(", ", result.Figures.Where(figure => figure.Target is not null).Select(figure => figure.ShowTarget())), Emphasised(result),
            ];
            text.Append("| ").AppendJoin(" | ", cells.Select(Cell)).Append(" |\n");
        }

        return text.ToString();
    }

    static string Emphasised(Result result) => result.Verdict is Verdict.Missed or Verdict.Failed ? $"**{result.ShowVerdict()}**" : result.ShowVerdict();

    static string Cell(string text) => text.ReplaceLineEndings(" ").Replace("|", "\\|", StringComparison.Ordinal);

    static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

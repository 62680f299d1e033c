namespace DmaHeap.Bench;

/// <summary>Puts a run's figures and pictures into a document, in place of those that were there.</summary>
static class Publication
{
    public const string Begin = "<!-- measured: begin -->", End = "<!-- measured: end -->";

    /// <summary>The document with what lies between its two marks replaced.</summary>
    /// <exception cref="InvalidOperationException">It does not have both marks.</exception>
    public static string Insert(string document, Report report, string plots)
    {
        var begin = document.IndexOf(Begin, StringComparison.Ordinal);
        var end = document.IndexOf(End, StringComparison.Ordinal);
        if (begin < 0 || end < begin) throw new InvalidOperationException($"there is no {Begin} followed by {End} to write the figures between");
        return $"{document[..(begin + Begin.Length)]}\n{MarkdownReport.WriteBody(report, plots)}{document[end..]}";
    }

    /// <summary>Writes docs/performance.md and the pictures beside it.</summary>
    public static void Write(Report report, string root)
    {
        var document = Path.Combine(root, "docs", "performance.md");
        File.WriteAllText(document, Insert(File.ReadAllText(document), report, "performance"));
        ReportFolder.WritePlots(report, Path.Combine(root, "docs", "performance"));
    }
}

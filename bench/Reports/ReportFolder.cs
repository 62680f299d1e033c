namespace DmaHeap.Bench;

/// <summary>Where a report goes: <c>report.md</c>, <c>report.json</c>, and a picture for each curve.</summary>
static class ReportFolder
{
    public static void Write(Report report, string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "report.md"), MarkdownReport.Write(report));
        File.WriteAllText(Path.Combine(folder, "report.json"), JsonReport.Write(report));
        WritePlots(report, folder);
    }

    public static void WritePlots(Report report, string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (var curve in report.Curves) File.WriteAllText(Path.Combine(folder, curve.Id + ".svg"), Plot.Draw(curve));
    }
}

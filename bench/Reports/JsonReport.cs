using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace DmaHeap.Bench;

/// <summary>The report for programs: times in nanoseconds, sizes in bytes. Members are only ever added.</summary>
static class JsonReport
{
    static readonly JsonSerializerOptions s_options = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static string Write(Report report) => JsonSerializer.Serialize(
        new
        {
            Version = 1,
            report.Begun,
            Seconds = Math.Round(report.Took.TotalSeconds, 1),
            report.Quick,
            report.Met,
            Machine = report.Machine.ToDictionary(entry => entry.Name, entry => entry.Value),
            report.Warnings,
            Parts = report.Sections.Select(section => new
            {
                Name = section.Part,
                Results = section.Results.Select(result => new
                {
                    result.Work,
                    result.Verdict,
                    result.Ours,
                    result.Against,
                    Figures = result.Figures.Select(figure => new { figure.Name, figure.Value, figure.Unit, figure.Target, figure.Missed }),
                    result.Note,
                }),
                Curves = section.Curves.Select(curve => new { curve.Id, curve.Title, curve.X, curve.Y, curve.Lines, curve.Note }),
            }),
        },
        s_options) + "\n";

    /// <summary>What stands in its place when nothing could be measured, as with every command: docs/cli.md.</summary>
    public static string WriteFailure(string message, int exitCode) => JsonSerializer.Serialize(new { Error = new { ExitCode = exitCode, Cause = "bench", Message = message } }, s_options) + "\n";
}

using System.Globalization;
using DmaHeap.Cli.Output;
using DmaHeap.Testing;

namespace DmaHeap.Cli.PluginTests;

/// <summary>How the process that runs the cases tells of each: a line before it and a line after it, so that a crash or a hang in between has a name.</summary>
static class CaseLines
{
    const char Begin = '>', End = '<', Between = '\t';

    public static string Started(ConformanceCase each) => $"{Begin}{Between}{each.Name}";

    public static string Ended(ConformanceResult result, TimeSpan elapsed) =>
        string.Create(CultureInfo.InvariantCulture, $"{End}{Between}{result.Case.Name}{Between}{result.Outcome}{Between}{elapsed.TotalSeconds}{Between}{Words.Visible(result.Detail)}");

    /// <summary>The case that a line says has begun; null when it says that one ended.</summary>
    public static string? StartedCase(string line) => line[0] == Begin ? line[2..] : null;

    public static (ConformanceResult Result, TimeSpan Elapsed) ReadEnd(string line)
    {
        var fields = line.Split(Between, 5);
        return (
            new ConformanceResult(HeapConformance.Find(fields[1]), Enum.Parse<ConformanceOutcome>(fields[2]), fields[4]),
            TimeSpan.FromSeconds(double.Parse(fields[3], CultureInfo.InvariantCulture)));
    }
}

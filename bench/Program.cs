using DmaHeap.Bench;
using Spectre.Console;

BenchOptions options;
try
{
    options = BenchOptions.Parse(args, DateTimeOffset.Now);
}
catch (ArgumentException exception)
{
    Console.Error.WriteLine($"dmaheap bench: {exception.Message}");
    return ExitCode.Usage;
}

if (options.Help)
{
    Console.Write(BenchOptions.Usage);
    return ExitCode.Met;
}

try
{
    using var leftovers = new Leftovers();
    var report = BenchRun.Run(options);
    ReportFolder.Write(report, options.Output);
    if (options.Publish) Publication.Write(report, Repository.Root);
    if (options.Json) Console.Write(JsonReport.Write(report));
    else ConsoleReport.Write(report, AnsiConsole.Console);
    Console.Error.WriteLine($"{report.Sum()}; {Path.Combine(options.Output, "report.md")}");
    return report.Met ? ExitCode.Met : ExitCode.Missed;
}
catch (Exception exception) when (exception is InvalidOperationException or IOException or UnauthorizedAccessException)
{
    Console.Error.WriteLine($"dmaheap bench: {exception.Message}");
    if (options.Json) Console.Write(JsonReport.WriteFailure(exception.Message, ExitCode.Missed));
    return ExitCode.Missed;
}

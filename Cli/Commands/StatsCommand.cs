using System.CommandLine;
using DmaHeap.Cli.Output;
using DmaHeap.Client;
using Spectre.Console;

namespace DmaHeap.Cli.Commands;

/// <summary><c>dmaheap stats</c>: what the host counts, for each heap and over all.</summary>
static class StatsCommand
{
    public static Command Create()
    {
        var command = new Command("stats", "Show the counters of each heap and of the host.") { CommonOptions.OptionalHeap, CommonOptions.Socket };
        command.SetAction(RunAsync);
        return command;
    }

    static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        using var client = DmaHeapClient.Connect(parsed.GetValue(CommonOptions.Socket));
        var document = parsed.GetValue(CommonOptions.OptionalHeap) is { } heap
            ? new StatsDocument(null, [StatisticsRow.From(heap, await client.StatisticsAsync(heap, cancellationToken))])
            : await AllAsync(client, cancellationToken);
        Results.Of(parsed).Write(document, known => known.StatsDocument, console => Show(document, console));
        return ExitCode.Success;
    }

    static async Task<StatsDocument> AllAsync(DmaHeapClient client, CancellationToken cancellationToken)
    {
        var heaps = new List<StatisticsRow>();
        foreach (var heap in HeapRow.From(await client.ListHeapsAsync(cancellationToken)))
            heaps.Add(StatisticsRow.From(heap.Name, await client.StatisticsAsync(heap.Name, cancellationToken)));
        return new StatsDocument(StatisticsRow.From("all heaps", await client.StatisticsAsync(null, cancellationToken)), heaps);
    }

    static void Show(StatsDocument document, IAnsiConsole console)
    {
        var table = Tables.Create("HEAP", ">BUFFERS", ">IN USE", ">PEAK", ">LIMIT", ">ALLOCATED", ">RELEASED", ">FAILED", ">FREE OF REGION", ">LARGEST RUN");
        IEnumerable<StatisticsRow> rows = document.Host is null ? document.Heaps : document.Heaps.Append(document.Host);
        foreach (var row in rows)
        {
            table.Add(
                row.Name, Words.Count(row.Buffers), Words.Size(row.Bytes), Words.Size(row.PeakBytes), row.LimitBytes is { } limit ? Words.Size(limit) : "-",
                Words.Count(row.Allocations), Words.Count(row.Releases), Words.Count(row.Failures),
                row.Gauge is { } gauge ? $"{Words.Size(gauge.Free)} of {Words.Size(gauge.Capacity)}" : "-", row.Gauge is { } run ? Words.Size(run.LargestRun) : "-");
        }

        console.Write(table);
        foreach (var row in document.Heaps)
        {
            if (row.Pool is { Bytes: > 0 } or { Hits: > 0 } or { Misses: > 0 } or { FilledBytes: > 0 })
            {
                console.WriteLine(
                    $"{row.Name}: {Words.Size(row.Pool.Bytes)} ready in {Words.Count(row.Pool.Buffers)} buffers; {Words.Count(row.Pool.Hits)} were ready when asked for, {Words.Count(row.Pool.Misses)} not; "
                    + $"{Words.Size(row.Pool.FilledBytes)} made ready, {Words.Size(row.Pool.GivenBackBytes)} of it given back unused");
            }

            if (row.PaidBy is { Host: > 0 } or { Toucher: > 0 }) console.WriteLine($"{row.Name}: {Words.Size(row.PaidBy.Host)} paid by the host, {Words.Size(row.PaidBy.Toucher)} by whoever touches it");
            if (row.Recycled > 0) console.WriteLine($"{row.Name}: {Words.Count(row.Recycled)} recycled");
            foreach (var (cause, count) in row.FailuresByCause.OrderByDescending(entry => entry.Value).ThenBy(entry => entry.Key, StringComparer.Ordinal))
                console.WriteLine($"{row.Name}: {count} failed by {cause}");
        }
    }
}

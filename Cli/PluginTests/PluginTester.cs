using DmaHeap.Cli.Commands;
using DmaHeap.Cli.Output;
using DmaHeap.Testing;

namespace DmaHeap.Cli.PluginTests;

/// <summary>Has a plugin's heap types tried in processes of their own; after a crash or a hang the cases that are left run in another.</summary>
sealed class PluginTester(string file, string? options, string source, TimeSpan limit)
{
    // What a process may take to start, load the plugin, and unload it at the end.
    static readonly TimeSpan s_startLimit = TimeSpan.FromSeconds(60);

    /// <exception cref="CommandFailedException">The plugin cannot be tried at all; its process said why.</exception>
    public async Task<TestedHeapRow> RunAsync(string heapType, CancellationToken cancellationToken)
    {
        var rows = new List<TestedCaseRow>();
        var left = HeapConformance.Cases.Select(each => each.Name).ToList();
        while (left.Count > 0)
        {
            await RunSomeAsync(heapType, left, rows, cancellationToken);
            left.RemoveAll(name => rows.Any(row => row.Case == name));
        }

        return new TestedHeapRow(heapType, rows.All(row => row.Outcome != Words.Of(ConformanceOutcome.Failed)), rows);
    }

    async Task RunSomeAsync(string heapType, IReadOnlyList<string> cases, List<TestedCaseRow> rows, CancellationToken cancellationToken)
    {
        using var process = CaseProcess.Start(PluginTestPartCommand.Name, [file, heapType, options ?? "{}", source, .. cases]);
        string? running = null;
        try
        {
            while (await ReadLineAsync(process, running is null ? s_startLimit : limit, cancellationToken) is { } line)
            {
                if (CaseLines.StartedCase(line) is { } begun)
                {
                    running = begun;
                    continue;
                }

                var (result, elapsed) = CaseLines.ReadEnd(line);
                rows.Add(TestedCaseRow.From(result, elapsed));
                running = null;
            }
        }
        catch (TimeoutException) when (running is not null)
        {
            rows.Add(Fail(running, $"the case did not end within {limit.TotalSeconds:0.#} s; the process was killed", limit));
            return;
        }

        var (how, code) = await process.EndAsync(cancellationToken);
        if (running is not null) rows.Add(Fail(running, $"the process that ran the case {how}", TimeSpan.Zero));
        // It told the rest itself, on standard error.
        else if (rows.Count == 0 || code != ExitCode.Success) throw new CommandFailedException(code is ExitCode.Configuration ? code : ExitCode.Failed, "plugin-test", $"{heapType} cannot be tried: the process that should {how}.");
    }

    static async Task<string?> ReadLineAsync(CaseProcess process, TimeSpan patience, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(patience);
        try
        {
            return await process.ReadLineAsync(deadline.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"the process that tries the plugin said nothing for {patience.TotalSeconds:0} s");
        }
    }

    static TestedCaseRow Fail(string name, string seen, TimeSpan elapsed) =>
        TestedCaseRow.From(new ConformanceResult(HeapConformance.Find(name), ConformanceOutcome.Failed, seen), elapsed);
}

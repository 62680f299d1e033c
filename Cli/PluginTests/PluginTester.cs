using DmaHeap.Cli.Commands;
using DmaHeap.Cli.Output;
using DmaHeap.Testing;

namespace DmaHeap.Cli.PluginTests;

/// <summary>Has a plugin's heap types tried in processes of their own; after a crash or a hang the cases that are left run in another.</summary>
sealed class PluginTester(string file, string? options, string source, TimeSpan limit)
{
    // What a process may take to start and load the plugin.
    static readonly TimeSpan s_startLimit = TimeSpan.FromSeconds(60);

    // A thread of the plugin's can keep it from ending; it is killed then.
    static readonly TimeSpan s_endLimit = TimeSpan.FromSeconds(10);

    // A heap that takes along whoever touches it would do so case by case, until its vendor gives up waiting.
    const int MostInARow = 3;

    /// <exception cref="CommandFailedException">The plugin cannot be tried at all; its process said why.</exception>
    public async Task<TestedHeapRow> RunAsync(string heapType, CancellationToken cancellationToken)
    {
        var rows = new List<TestedCaseRow>();
        List<string> left = [.. HeapConformance.Cases.Select(each => each.Name)];
        for (var inARow = 0; left.Count > 0 && inARow < MostInARow;)
        {
            var before = rows.Count;
            var wasLost = await RunSomeAsync(heapType, left, rows, cancellationToken);
            left.RemoveAll(name => rows.Any(row => row.Case == name));
            if (!wasLost) inARow = 0;
            else inARow = rows.Count == before + 1 ? inARow + 1 : 1;
        }

        rows.AddRange(left.Select(name => Row(name, ConformanceOutcome.Skipped, $"not run: {MostInARow} cases in a row took their process along", TimeSpan.Zero)));
        return new TestedHeapRow(heapType, rows.All(row => row.Outcome != Words.Of(ConformanceOutcome.Failed)), rows);
    }

    /// <returns>Whether a case took the process along.</returns>
    async Task<bool> RunSomeAsync(string heapType, IReadOnlyList<string> cases, List<TestedCaseRow> rows, CancellationToken cancellationToken)
    {
        using var process = CaseProcess.Start(PluginTestPartCommand.Name, [file, heapType, options ?? "{}", source, .. cases]);
        string? running = null;
        var ended = 0;
        try
        {
            while (ended < cases.Count && await ReadLineAsync(process, running is null ? s_startLimit : limit, cancellationToken) is { } line)
            {
                if (CaseLines.StartedCase(line) is { } begun)
                {
                    running = begun;
                    continue;
                }

                var (result, elapsed) = CaseLines.ReadEnd(line);
                rows.Add(TestedCaseRow.From(result, elapsed));
                ended++;
                running = null;
            }
        }
        catch (TimeoutException) when (running is not null)
        {
            rows.Add(Row(running, ConformanceOutcome.Failed, $"the case did not end within {limit.TotalSeconds:0.#} s; the process was killed", limit));
            return true;
        }
        catch (TimeoutException silence)
        {
            throw new CommandFailedException(ExitCode.Failed, "plugin-test", $"{heapType} cannot be tried: {silence.Message}.");
        }

        if (await EndAsync(process, cancellationToken) is not var (how, code)) return false;
        if (running is not null) rows.Add(Row(running, ConformanceOutcome.Failed, $"the process that ran the case {how}", TimeSpan.Zero));
        // It told the rest itself, on standard error.
        else if (ended == 0) throw new CommandFailedException(code is ExitCode.Configuration ? code : ExitCode.Failed, "plugin-test", $"{heapType} cannot be tried: the process that should {how}.");
        return running is not null;
    }

    /// <returns>How it ended; null when it has told all there is to tell, and does not end.</returns>
    static async Task<(string How, int Code)?> EndAsync(CaseProcess process, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(s_endLimit);
        try
        {
            return await process.EndAsync(deadline.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
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

    static TestedCaseRow Row(string name, ConformanceOutcome outcome, string seen, TimeSpan elapsed) =>
        TestedCaseRow.From(new ConformanceResult(HeapConformance.Find(name), outcome, seen), elapsed);
}

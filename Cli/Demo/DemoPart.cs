using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using DmaHeap.Cli.Output;
using DmaHeap.Client;

namespace DmaHeap.Cli.Demo;

/// <summary>One way to show a heap with real processes: what is told of it, how long it may take, and whether the accounts are right at the end.</summary>
abstract class DemoPart(DmaHeapClient client, DemoReport report)
{
    const string Interrupted = "interrupted";

    static readonly TimeSpan s_longestHeap = TimeSpan.FromSeconds(60);
    static readonly TimeSpan s_lookAgain = TimeSpan.FromMilliseconds(1);

    readonly List<string> _passed = [];
    readonly Stopwatch _clock = new();

    public async Task ShowAsync(HeapRow heap, CancellationToken interrupted)
    {
        report.Begin($"{heap.Name} ({heap.Plugin})");
        if (heap.Reason is { } reason)
        {
            report.Skipped(heap.Name, reason);
            return;
        }

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(interrupted);
        deadline.CancelAfter(s_longestHeap);
        try
        {
            _clock.Restart();
            await PlayAsync(heap, deadline.Token);
            report.Passed(heap.Name);
            _passed.Add(heap.Name);
        }
        catch (OperationCanceledException)
        {
            report.Failed(heap.Name, interrupted.IsCancellationRequested ? Interrupted : $"not done after {s_longestHeap.TotalSeconds} s");
        }
        catch (Exception exception) when (Failure.Of(exception) is { } failure)
        {
            // Ctrl-C reaches A and B too, and their end may be seen first.
            report.Failed(heap.Name, interrupted.IsCancellationRequested ? Interrupted : failure.Message);
        }
    }

    /// <summary>A buffer released twice, or late, after its heap was shown, is found here.</summary>
    public async Task CheckAccountsAsync(CancellationToken cancellationToken)
    {
        foreach (var heap in _passed)
        {
            var counted = await client.StatisticsAsync(heap, cancellationToken);
            if (counted.Buffers != 0 || counted.Releases != counted.Allocations)
                report.Failed(heap, $"at the end of the demo {Accounts(counted)}");
        }
    }

    /// <summary>Goes through the steps. Fails with what <see cref="Failure.Of"/> knows, or when it takes too long.</summary>
    protected abstract Task PlayAsync(HeapRow heap, CancellationToken deadline);

    /// <summary>A seed for <see cref="Pattern"/> that no other run has.</summary>
    protected static string NewSeed() => BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))).ToString(CultureInfo.InvariantCulture);

    protected Task<HeapStatistics> AccountsAsync(HeapRow heap, CancellationToken deadline) => client.StatisticsAsync(heap.Name, deadline);

    protected void Step(string step)
    {
        report.Step(step, _clock.Elapsed);
        _clock.Restart();
    }

    /// <summary>The buffer allocated since is still there, though the process that made it is not.</summary>
    protected async Task AliveAsync(HeapRow heap, HeapStatistics before, string when, CancellationToken deadline)
    {
        var alive = await AccountsAsync(heap, deadline);
        if (alive.Buffers != before.Buffers + 1 || alive.Releases != before.Releases)
            throw new CommandFailedException(ExitCode.Failed, "demo", $"{when} {Accounts(alive)}");
    }

    protected async Task ReleasedAsync(HeapRow heap, HeapStatistics before, CancellationToken deadline)
    {
        while (true)
        {
            var now = await AccountsAsync(heap, deadline);
            if (now.Releases > before.Releases + 1) throw new CommandFailedException(ExitCode.Failed, "demo", $"Release ran more than once: {Accounts(now)}");
            if (now.Releases == before.Releases + 1 && now.Buffers == before.Buffers) break;
            await Task.Delay(s_lookAgain, deadline);
        }

        Step("Release ran, once");
    }

    static string Accounts(HeapStatistics counted) =>
        $"the host counts {counted.Buffers} buffers alive, {counted.Allocations} allocated, {counted.Releases} released";
}

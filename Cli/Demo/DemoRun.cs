using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using DmaHeap.Cli.Commands;
using DmaHeap.Cli.Output;
using DmaHeap.Client;

namespace DmaHeap.Cli.Demo;

/// <summary>Shows a buffer's life in each heap: made by A, passed to B, outliving A, released after B.</summary>
sealed class DemoRun(DmaHeapClient client, DemoHome home, ByteSize size, DemoReport report)
{
    const string Interrupted = "interrupted";

    static readonly TimeSpan s_longestHeap = TimeSpan.FromSeconds(60);
    static readonly TimeSpan s_lookAgain = TimeSpan.FromMilliseconds(1);

    readonly List<string> _passed = [];

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
            await ShowAsync(heap, heap.Traits.Contains("unmappable"), deadline.Token);
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

    async Task ShowAsync(HeapRow heap, bool isUnmappable, CancellationToken deadline)
    {
        var handover = home.NextHandover();
        var seed = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))).ToString(CultureInfo.InvariantCulture);
        var before = await client.StatisticsAsync(heap.Name, deadline);
        var clock = Stopwatch.StartNew();

        using var b = await DemoProcess.StartAsync("B", [DemoPartCommands.Checker, handover, seed], deadline);
        using var a = await DemoProcess.StartAsync("A", [DemoPartCommands.Holder, handover, seed, home.HostSocket, heap.Name, size.ToString()], deadline);
        Step($"processes A ({a.Id}) and B ({b.Id}) started");

        await a.AskAsync(HolderProcess.Allocate, deadline);
        Step($"A allocated {size.ToText()}");
        if (isUnmappable) Step($"A was refused {await a.AskAsync(HolderProcess.Refuse, deadline)}");
        else Step($"A filled all {await a.AskAsync(HolderProcess.Fill, deadline)} bytes");

        var receiving = b.AskAsync(CheckerProcess.Receive, deadline);
        await a.AskAsync(HolderProcess.Share, deadline);
        await receiving;
        Step("A passed it to B");

        await a.KillAsync(deadline);
        var alive = await client.StatisticsAsync(heap.Name, deadline);
        if (alive.Buffers != before.Buffers + 1 || alive.Releases != before.Releases)
            throw new CommandFailedException(ExitCode.Failed, "demo", $"with A killed and B holding the buffer {Accounts(alive)}");
        Step("A was killed with SIGKILL; the host still has the buffer");

        if (isUnmappable) Step($"B was refused {await b.AskAsync(CheckerProcess.Refuse, deadline)}");
        else Step($"B found all {await b.AskAsync(CheckerProcess.Check, deadline)} bytes as A wrote them");

        await b.ExitAsync(deadline);
        Step("B exited");
        await ReleasedAsync(heap.Name, before, deadline);
        Step("Release ran, once");

        void Step(string step)
        {
            report.Step(step, clock.Elapsed);
            clock.Restart();
        }
    }

    async Task ReleasedAsync(string heap, HeapStatistics before, CancellationToken deadline)
    {
        while (true)
        {
            var now = await client.StatisticsAsync(heap, deadline);
            if (now.Releases > before.Releases + 1) throw new CommandFailedException(ExitCode.Failed, "demo", $"Release ran more than once: {Accounts(now)}");
            if (now.Releases == before.Releases + 1 && now.Buffers == before.Buffers) return;
            await Task.Delay(s_lookAgain, deadline);
        }
    }

    static string Accounts(HeapStatistics counted) =>
        $"the host counts {counted.Buffers} buffers alive, {counted.Allocations} allocated, {counted.Releases} released";
}

using System.CommandLine;
using System.Diagnostics;
using DmaHeap.Cli.Demo;
using DmaHeap.Cli.Output;
using DmaHeap.Client;
using DmaHeap.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace DmaHeap.Cli.Commands;

/// <summary><c>dmaheap demo</c>: shows on this machine, with real processes, what a buffer's life is.</summary>
static class DemoCommand
{
    static readonly Option<ByteSize> s_size = new("--size")
    {
        Description = "Size of the buffers.",
        HelpName = "SIZE",
        CustomParser = CommonOptions.ReadSize,
        DefaultValueFactory = _ => new ByteSize(8 << 20),
    };

    public static Command Create()
    {
        var command = new Command("demo", "For each heap: one process allocates, another goes on with the memory after the first was killed.")
        {
            CommonOptions.Config, s_size,
        };
        command.SetAction(RunAsync);
        return command;
    }

    static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        using var interruption = new Interruption();
        var options = HostSetup.Make(parsed.GetValue(CommonOptions.Config), []);
        var results = Results.Of(parsed);
        var report = new DemoReport(results.Json ? TextWriter.Null : Console.Out);
        var clock = Stopwatch.StartNew();
        using var home = DemoHome.Create();
        using var host = DmaHeapHost.Start(options with { SocketPath = home.HostSocket }, NullLoggerFactory.Instance);
        using var client = DmaHeapClient.Connect(home.HostSocket);
        var heaps = HeapRow.From(await client.ListHeapsAsync(cancellationToken));
        report.Up(home.HostSocket, heaps.Count, clock.Elapsed);

        var run = new DemoRun(client, home, parsed.GetRequiredValue(s_size), report);
        foreach (var heap in heaps) await run.ShowAsync(heap, interruption.Token);
        await run.CheckAccountsAsync(cancellationToken);
        results.Write(report.Document, known => known.DemoDocument, _ => report.Sum());
        return report.Document.Passed ? ExitCode.Success : ExitCode.Failed;
    }
}

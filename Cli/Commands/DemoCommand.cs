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
        var command = new Command("demo", "For each heap: one process allocates, others go on with the memory after the first was killed.")
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
        var size = parsed.GetRequiredValue(s_size);
        using var home = DemoHome.Create();
        await ShowAsync(options with { SocketPath = home.HostSocket }, report, client => new DemoRun(client, home, size, report), interruption.Token, cancellationToken);

        ImportHeaps.Write(home, size);
        var importing = options with { SocketPath = home.ImportSocket, ConfigurationPath = home.ImportConfiguration };
        await ShowAsync(importing, report, client => new ImportRun(client, home, size, report), interruption.Token, cancellationToken);
        results.Write(report.Document, known => known.DemoDocument, _ => report.Sum());
        return report.Document.Passed ? ExitCode.Success : ExitCode.Failed;
    }

    // Every heap of one host, in one way.
    static async Task ShowAsync(
        DmaHeapHostOptions options, DemoReport report, Func<DmaHeapClient, DemoPart> make, CancellationToken interrupted, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        using var host = DmaHeapHost.Start(options, NullLoggerFactory.Instance);
        using var client = DmaHeapClient.Connect(options.SocketPath!);
        var heaps = HeapRow.From(await client.ListHeapsAsync(cancellationToken));
        report.Up(options.SocketPath!, heaps.Count, clock.Elapsed);
        var part = make(client);
        foreach (var heap in heaps) await part.ShowAsync(heap, interrupted);
        await part.CheckAccountsAsync(cancellationToken);
    }
}

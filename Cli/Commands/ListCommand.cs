using System.CommandLine;
using DmaHeap.Cli.Output;
using DmaHeap.Client;
using Spectre.Console;

namespace DmaHeap.Cli.Commands;

/// <summary><c>dmaheap list</c>: the heaps of a host.</summary>
static class ListCommand
{
    public static Command Create()
    {
        var command = new Command("list", "List the heaps of the host.") { CommonOptions.Socket };
        command.SetAction(RunAsync);
        return command;
    }

    static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        using var client = DmaHeapClient.Connect(parsed.GetValue(CommonOptions.Socket));
        var heaps = HeapRow.From(await client.ListHeapsAsync(cancellationToken));
        Results.Of(parsed).Write(new HeapsDocument(heaps), known => known.HeapsDocument, console => console.Write(Tables.Of(heaps)));
        return ExitCode.Success;
    }
}

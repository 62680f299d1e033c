using System.CommandLine;
using DmaHeap.Cli.Output;
using DmaHeap.Client;
using Spectre.Console;

namespace DmaHeap.Cli.Commands;

/// <summary><c>dmaheap restart</c>: a heap started anew in a running host.</summary>
static class RestartCommand
{
    public static Command Create()
    {
        var command = new Command("restart", "Start a heap anew while the host runs, such as one that is faulted. Live buffers stay as they are.") { CommonOptions.Heap, CommonOptions.Socket };
        command.SetAction(RunAsync);
        return command;
    }

    static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var heap = parsed.GetRequiredValue(CommonOptions.Heap);
        using var client = DmaHeapClient.Connect(parsed.GetValue(CommonOptions.Socket));
        await client.RestartAsync(heap, cancellationToken);
        Results.Of(parsed).Write(new ChangeDocument(heap, "restarted", null), known => known.ChangeDocument, console => console.WriteLine($"{heap} was started anew."));
        return ExitCode.Success;
    }
}

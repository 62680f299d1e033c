using System.CommandLine;
using DmaHeap.Cli.Output;
using DmaHeap.Client;
using Spectre.Console;

namespace DmaHeap.Cli.Commands;

/// <summary><c>dmaheap reload</c>: has the host read its configuration again.</summary>
static class ReloadCommand
{
    public static Command Create()
    {
        var command = new Command("reload", "Have the host read its configuration again and apply what is different, wholly or not at all.") { CommonOptions.Socket };
        command.SetAction(RunAsync);
        return command;
    }

    static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        using var client = DmaHeapClient.Connect(parsed.GetValue(CommonOptions.Socket));
        var done = await client.ReloadAsync(cancellationToken);
        Results.Of(parsed).Write(
            new ReloadDocument(done.Added, done.Removed, done.Replaced, done.Changed, done.Unchanged), known => known.ReloadDocument, console =>
                console.WriteLine($"{done.Added} added, {done.Removed} removed, {done.Replaced} replaced, {done.Changed} changed, {done.Unchanged} unchanged"));
        return ExitCode.Success;
    }
}

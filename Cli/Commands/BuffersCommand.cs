using System.CommandLine;
using DmaHeap.Cli.Output;
using DmaHeap.Client;
using Spectre.Console;

namespace DmaHeap.Cli.Commands;

/// <summary><c>dmaheap buffers</c>: what is alive, and whose it is.</summary>
static class BuffersCommand
{
    public static Command Create()
    {
        var command = new Command("buffers", "List the live buffers: your own, or everybody's for root and the host's user.")
        {
            CommonOptions.OptionalHeap,
            CommonOptions.Socket,
        };
        command.SetAction(RunAsync);
        return command;
    }

    static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        using var client = DmaHeapClient.Connect(parsed.GetValue(CommonOptions.Socket));
        var buffers = await client.ListBuffersAsync(parsed.GetValue(CommonOptions.OptionalHeap), cancellationToken);
        BufferRow[] rows = [.. buffers.Select(BufferRow.From)];
        Results.Of(parsed).Write(new BuffersDocument(rows), known => known.BuffersDocument, console => Show(rows, console));
        return ExitCode.Success;
    }

    static void Show(BufferRow[] rows, IAnsiConsole console)
    {
        if (rows.Length == 0)
        {
            console.WriteLine("There are no live buffers.");
            return;
        }

        var table = Tables.Create("ID", "HEAP", "NAME", ">SIZE", ">PAGES", ">IMPORTERS", ">AGE", ">PID", ">UID");
        foreach (var row in rows)
        {
            table.Add(
                row.Id, row.Heap, row.Name.Length > 0 ? row.Name : "-", Words.Size(row.Length), Words.Size(row.PageSize), Words.Count(row.Attachments),
                Words.Age(row.AgeSeconds), Words.Count(row.ProcessId), Words.Count(row.UserId));
        }

        console.Write(table);
    }
}

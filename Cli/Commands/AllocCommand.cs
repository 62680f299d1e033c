using System.CommandLine;
using DmaHeap.Cli.Output;
using DmaHeap.Client;
using Spectre.Console;

namespace DmaHeap.Cli.Commands;

/// <summary><c>dmaheap alloc</c>: allocates buffers and keeps them for a while.</summary>
static class AllocCommand
{
    static readonly Argument<SizeCount[]> s_sizes = new("SIZE")
    {
        Description = "Size of a buffer, such as 8MiB, or of several, such as 3x2MiB.",
        Arity = ArgumentArity.OneOrMore,
        CustomParser = SizeCount.Read,
    };

    static readonly Option<string> s_name = new("--name")
    {
        Description = "Name of the buffers, at most 31 bytes.",
        HelpName = "N",
        DefaultValueFactory = _ => "",
    };

    static readonly Option<int> s_count = new("--count") { Description = "How many times all that.", HelpName = "N", DefaultValueFactory = _ => 1 };

    static readonly Option<double> s_hold = new("--hold") { Description = "How long to keep them; Ctrl-C ends it early.", HelpName = "SECONDS" };

    public static Command Create()
    {
        var command = new Command("alloc", "Allocate buffers, all or none, show them, and hold them for a while.")
        {
            CommonOptions.Heap, s_sizes, s_name, s_count, s_hold, CommonOptions.Socket,
        };
        s_count.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && result.GetValueOrDefault<int>() < 1) result.AddError("--count must be at least 1.");
        });
        s_hold.Validators.Add(result =>
        {
            if (!(result.GetValueOrDefault<double>() is >= 0 and <= 4_000_000)) result.AddError("--hold must be a number of seconds, from 0 to 4000000.");
        });
        command.SetAction(RunAsync);
        return command;
    }

    static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        using var interruption = new Interruption();
        using var client = DmaHeapClient.Connect(parsed.GetValue(CommonOptions.Socket));
        var hold = TimeSpan.FromSeconds(parsed.GetValue(s_hold));
        var buffers = new List<DmaBuffer>();
        try
        {
            await AllocateAsync(client, parsed, buffers, interruption.Token);
            var first = await client.DescribeAsync(buffers[0].Handle, cancellationToken);
            var document = new AllocDocument(
                [.. buffers.Select(buffer => AllocatedRow.From(buffer, first))], hold.TotalSeconds);
            Results.Of(parsed).Write(document, known => known.AllocDocument, console => Show(document, console));
            await HoldAsync(hold, interruption.Token);
        }
        finally
        {
            foreach (var buffer in buffers) buffer.Dispose();
        }

        return ExitCode.Success;
    }

    static async Task AllocateAsync(DmaHeapClient client, ParseResult parsed, List<DmaBuffer> buffers, CancellationToken cancellationToken)
    {
        var heap = parsed.GetRequiredValue(CommonOptions.Heap);
        var options = new DmaAllocationOptions { Name = parsed.GetRequiredValue(s_name) };
        foreach (var lengths in Lengths(parsed.GetRequiredValue(s_sizes), parsed.GetRequiredValue(s_count)).Chunk(client.Host.MaxDescriptors))
            buffers.AddRange(await client.AllocateBatchAsync(heap, lengths, asManyAsFit: false, options, cancellationToken));
    }

    static IEnumerable<long> Lengths(SizeCount[] sizes, int times)
    {
        for (var round = 0; round < times; round++)
        {
            foreach (var size in sizes)
            {
                for (var i = 0; i < size.Count; i++) yield return size.Size.Bytes;
            }
        }
    }

    static async Task HoldAsync(TimeSpan hold, CancellationToken interrupted)
    {
        try
        {
            await Task.Delay(hold, interrupted);
        }
        catch (OperationCanceledException)
        {
            // Asked to let go early: that is no failure.
        }
    }

    static void Show(AllocDocument document, IAnsiConsole console)
    {
        var table = Tables.Create("ID", "HEAP", "NAME", ">SIZE", ">PAGES");
        foreach (var buffer in document.Buffers)
            table.Add(buffer.Id, buffer.Heap, buffer.Name.Length > 0 ? buffer.Name : "-", Words.Size(buffer.Length), Words.Size(buffer.PageSize));
        console.Write(table);
        console.WriteLine(document.HoldSeconds > 0
            ? $"Holding for {document.HoldSeconds} s; see ./dmaheap buffers in another terminal. Ctrl-C lets go."
            : "Released at once; --hold SECONDS keeps them for a while.");
    }
}

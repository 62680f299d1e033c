using System.CommandLine;
using System.Text.Json;
using DmaHeap.Cli.Output;
using DmaHeap.Client;

namespace DmaHeap.Cli.Commands;

/// <summary><c>dmaheap journal</c>: what happened to a heap that keeps a journal, as JSON lines.</summary>
static class JournalCommand
{
    static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    static readonly Option<bool> s_follow = new("--follow") { Description = "Go on with what happens, until interrupted." };
    static readonly Option<long> s_after = new("--after") { Description = "Begin after the line of this number (its \"n\").", HelpName = "N" };

    public static Command Create()
    {
        var command = new Command("journal", "Print the journal of a heap that keeps one, such as FakeHeap: one JSON object a line.")
        {
            CommonOptions.Heap, s_follow, s_after, CommonOptions.Socket,
        };
        s_after.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<long>() < 0) result.AddError("--after must be the number of a line, or 0.");
        });
        command.Validators.Add(result =>
        {
            if (result.GetValue(s_follow) && result.GetValue(CommonOptions.Json)) result.AddError("--follow has no end, and --json prints one document: without --json each line is JSON, too.");
        });
        command.SetAction(RunAsync);
        return command;
    }

    static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        using var interruption = new Interruption();
        using var client = DmaHeapClient.Connect(parsed.GetValue(CommonOptions.Socket));
        var heap = parsed.GetRequiredValue(CommonOptions.Heap);
        if (parsed.GetValue(CommonOptions.Json)) return await DocumentAsync(parsed, client, heap, cancellationToken);
        try
        {
            await PrintAsync(client, heap, parsed.GetValue(s_after), parsed.GetValue(s_follow), interruption.Token);
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            // That is how following ends.
        }

        return ExitCode.Success;
    }

    static async Task PrintAsync(DmaHeapClient client, string heap, long after, bool follow, CancellationToken cancellation)
    {
        while (true)
        {
            var page = await client.ReadJournalAsync(heap, after, cancellation);
            if (page.Dropped > 0) Console.Error.WriteLine($"dmaheap: {page.Dropped} lines before these were not kept");
            foreach (var line in page.Lines) Console.Out.WriteLine(line);
            Console.Out.Flush();
            after = page.Last;
            if (page.More) continue;
            if (!follow) return;
            await Task.Delay(s_pause, cancellation);
        }
    }

    static async Task<int> DocumentAsync(ParseResult parsed, DmaHeapClient client, string heap, CancellationToken cancellation)
    {
        var lines = new List<JsonElement>();
        var (after, dropped) = (parsed.GetValue(s_after), 0L);
        JournalPage page;
        do
        {
            page = await client.ReadJournalAsync(heap, after, cancellation);
            lines.AddRange(page.Lines.Select(line => JsonElement.Parse(line)));
            (after, dropped) = (page.Last, dropped + page.Dropped);
        }
        while (page.More);
        Results.Of(parsed).Write(new JournalDocument(heap, after, dropped, lines), known => known.JournalDocument, _ => { });
        return ExitCode.Success;
    }
}

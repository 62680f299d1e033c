using System.CommandLine;
using System.Text.RegularExpressions;
using DmaHeap.Cli.Output;
using DmaHeap.Client;
using Spectre.Console;

namespace DmaHeap.Cli.Commands;

/// <summary><c>dmaheap shrink</c>: has a running host give memory back.</summary>
static partial class ShrinkCommand
{
    static readonly Argument<string[]> s_what = new("HEAP|BYTES")
    {
        Description = "The heap that is to give it, by name or alias (default: whoever has some), and how much, such as 64MiB (default: all there is). One that looks like an amount is one.",
        Arity = new ArgumentArity(0, 2),
    };

    public static Command Create()
    {
        var command = new Command("shrink", "Have the host give memory back to the system that it keeps for later. Live buffers are not touched.") { s_what, CommonOptions.Socket };
        command.Validators.Add(parsed =>
        {
            if (parsed.GetValue(s_what) is { } what && !TryRead(what, out _, out _))
                parsed.AddError($"\"{what[^1]}\" is no amount to give back: write a number of bytes above 0, such as 8388608, or one with KiB, MiB, GiB or TiB, such as 8MiB.");
        });
        command.SetAction(RunAsync);
        return command;
    }

    static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        _ = TryRead(parsed.GetValue(s_what) ?? [], out var heap, out var bytes);
        using var client = DmaHeapClient.Connect(parsed.GetValue(CommonOptions.Socket));
        var document = ShrinkDocument.From(await client.ShrinkAsync(heap, bytes, cancellationToken));
        Results.Of(parsed).Write(document, known => known.ShrinkDocument, console => Show(document, console));
        return ExitCode.Success;
    }

    // A lone amount is how much, of whoever has some: no heap of that name is meant, also where the amount is written wrong.
    static bool TryRead(string[] what, out string? heap, out long? bytes)
    {
        (heap, bytes) = (what.Length > 0 ? what[0] : null, null);
        if (what.Length == 0) return true;
        if (!ByteSize.TryParse(what[^1], out var size) || size.Bytes == 0) return what.Length == 1 && !LikeAnAmount().IsMatch(what[0]);
        bytes = size.Bytes;
        if (what.Length == 1) heap = null;
        return true;
    }

    // With a unit that somebody may mean; any other word after a number is a name, such as 3d-engine.
    [GeneratedRegex(@"^[+-]?[0-9]+([.,][0-9]+)?\s*([KMGTPE]i?B?|B)?$", RegexOptions.IgnoreCase)]
    private static partial Regex LikeAnAmount();

    static void Show(ShrinkDocument document, IAnsiConsole console)
    {
        if (document.Sources.Count > 0)
        {
            var table = Tables.Create("SOURCE", ">HAD", ">WANTED", ">GAVE", ">TIME", "RESULT");
            foreach (var row in document.Sources)
                table.Add(row.Source, Words.Size(row.Count), row.Wanted is { } wanted ? Words.Size(wanted) : "all", Words.Size(row.Given), Words.Milliseconds(row.Milliseconds), row.Result);
            console.Write(table);
        }

        console.WriteLine(document.Sources.Count == 0 ? "Nobody has anything to give back." : $"{Words.Size(document.Given)} given back.");
    }
}

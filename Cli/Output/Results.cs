using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Spectre.Console;

namespace DmaHeap.Cli.Output;

/// <summary>Where a command's result goes: standard output, as one JSON document or for people. Everything else goes to standard error.</summary>
sealed class Results(bool json)
{
    // Wide enough for every table: an id or a reason cut in two is worse than a line that the terminal wraps.
    const int NarrowestTable = 160, Unlimited = 10_000;

    public bool Json => json;

    public static Results Of(ParseResult parsed) => new(parsed.GetValue(CommonOptions.Json));

    /// <summary>Writes the result.</summary>
    /// <param name="document">For programs.</param>
    /// <param name="type">How it is written.</param>
    /// <param name="people">Writes it for people.</param>
    public void Write<T>(T document, JsonTypeInfo<T> type, Action<IAnsiConsole> people)
    {
        if (json) Console.Out.WriteLine(JsonSerializer.Serialize(document, type));
        else people(CreateConsole());
        Console.Out.Flush();
    }

    /// <summary>Tells a failure: to people always, to programs as a document too.</summary>
    /// <returns>The exit code.</returns>
    public int Fail(Failure failure)
    {
        if (json) Write(new FailureDocument(FailureRow.From(failure)), DocumentJson.Readable.FailureDocument, _ => { });
        Console.Error.WriteLine(failure.Errors.Count > 0 ? failure.Message : $"dmaheap: {failure.Message}");
        return failure.ExitCode;
    }

    static IAnsiConsole CreateConsole()
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = Console.IsOutputRedirected ? AnsiSupport.No : AnsiSupport.Detect,
            Out = new AnsiConsoleOutput(Console.Out),
        });
        console.Profile.Width = Console.IsOutputRedirected ? Unlimited : Math.Max(console.Profile.Width, NarrowestTable);
        return console;
    }
}

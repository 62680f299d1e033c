using System.CommandLine;
using System.Text;
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
    /// <param name="type">Finds how it is written; not called for people, as finding it takes a while.</param>
    /// <param name="people">Writes it for people.</param>
    public void Write<T>(T document, Func<DocumentJson, JsonTypeInfo<T>> type, Action<IAnsiConsole> people)
    {
        if (json) Console.Out.WriteLine(JsonSerializer.Serialize(document, type(DocumentJson.Readable)));
        else people(CreateConsole());
        Console.Out.Flush();
    }

    /// <summary>Tells a failure: to people always, to programs as a document too.</summary>
    /// <returns>The exit code.</returns>
    public int Fail(Failure failure)
    {
        if (json) Write(new FailureDocument(FailureRow.From(failure)), known => known.FailureDocument, _ => { });
        Console.Error.WriteLine(failure.Errors.Count > 0 ? failure.Message : $"dmaheap: {failure.Message}");
        return failure.ExitCode;
    }

    // Nothing is asked of a terminal that is not there: loading the description of one takes longer than many a command.
    static IAnsiConsole CreateConsole()
    {
        if (Console.IsOutputRedirected)
        {
            return AnsiConsole.Create(new AnsiConsoleSettings
            {
                Ansi = AnsiSupport.No,
                ColorSystem = ColorSystemSupport.NoColors,
                Interactive = InteractionSupport.No,
                Out = new PipeOutput(Console.Out, Unlimited),
            });
        }

        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) });
        console.Profile.Width = Math.Max(console.Profile.Width, NarrowestTable);
        return console;
    }

    sealed class PipeOutput(TextWriter writer, int width) : IAnsiConsoleOutput
    {
        public TextWriter Writer => writer;

        public bool IsTerminal => false;

        public int Width => width;

        public int Height => 1;

        public void SetEncoding(Encoding encoding)
        {
            // The encoding of standard output is .NET's affair.
        }
    }
}

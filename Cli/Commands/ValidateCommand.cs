using System.CommandLine;
using DmaHeap.Cli.Output;
using DmaHeap.Hosting.Configuration;
using Spectre.Console;

namespace DmaHeap.Cli.Commands;

/// <summary><c>dmaheap validate</c>: whether a host would accept a configuration.</summary>
static class ValidateCommand
{
    static readonly Argument<string> s_file = new("FILE") { Description = "A configuration, such as plugins.json." };

    public static Command Create()
    {
        var command = new Command("validate", "Check a configuration with its plugins and their options; no heap is started.") { s_file };
        command.SetAction(Run);
        return command;
    }

    static int Run(ParseResult parsed)
    {
        var file = parsed.GetRequiredValue(s_file);
        try
        {
            var heaps = ConfigurationCheck.Run(HostSetup.Make(file, []));
            Tell(parsed, new ValidateDocument(file, true, heaps, []), console => console.WriteLine($"{file} is right: {string.Join(", ", heaps)}"));
            return ExitCode.Success;
        }
        catch (ConfigurationException wrong)
        {
            // What is wrong with the file is this command's result, so it goes where results go.
            var document = new ValidateDocument(file, false, [], [.. wrong.Errors.Select(ErrorRow.From)]);
            Tell(parsed, document, console => console.Profile.Out.Writer.WriteLine(wrong.Message));
            return ExitCode.Configuration;
        }
    }

    static void Tell(ParseResult parsed, ValidateDocument document, Action<IAnsiConsole> people) =>
        Results.Of(parsed).Write(document, known => known.ValidateDocument, people);
}

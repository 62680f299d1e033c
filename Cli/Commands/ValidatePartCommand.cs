using System.CommandLine;
using System.IO.Pipes;
using System.Text.Json;
using DmaHeap.Cli.Output;
using DmaHeap.Hosting.Configuration;

namespace DmaHeap.Cli.Commands;

/// <summary>The process in which plugins check their options, as a command that is of no use to anybody else.</summary>
static class ValidatePartCommand
{
    public const string Name = "validate-part";

    static readonly Argument<string> s_pipe = new("PIPE");
    static readonly Argument<string> s_file = new("FILE");

    public static Command Create()
    {
        var command = new Command(Name) { s_pipe, s_file };
        command.Hidden = true;
        command.SetAction(Run);
        return command;
    }

    static int Run(ParseResult parsed)
    {
        using var pipe = new AnonymousPipeClientStream(PipeDirection.Out, parsed.GetRequiredValue(s_pipe));
        using var lines = new StreamWriter(pipe) { AutoFlush = true };
        lines.WriteLine(JsonSerializer.Serialize(Check(parsed.GetRequiredValue(s_file)), DocumentJson.Default.ValidateDocument));
        return ExitCode.Success;
    }

    static ValidateDocument Check(string file)
    {
        try
        {
            return new ValidateDocument(file, true, ConfigurationCheck.Run(HostSetup.Make(file, [])), []);
        }
        catch (ConfigurationException wrong)
        {
            return new ValidateDocument(file, false, [], [.. wrong.Errors.Select(ErrorRow.From)]);
        }
    }
}

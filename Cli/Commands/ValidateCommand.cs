using System.CommandLine;
using System.Text.Json;
using DmaHeap.Cli.Output;
using DmaHeap.Cli.PluginTests;
using Spectre.Console;

namespace DmaHeap.Cli.Commands;

/// <summary><c>dmaheap validate</c>: whether a host would accept a configuration.</summary>
static class ValidateCommand
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    static readonly Argument<string> s_file = new("FILE") { Description = "A configuration, such as plugins.json." };

    public static Command Create()
    {
        var command = new Command("validate", "Check a configuration with its plugins and their options; no heap is started.") { s_file };
        command.SetAction(RunAsync);
        return command;
    }

    // Options check themselves, which is code of the plugins: it runs in a process of its own, so that whatever it does, there is an answer.
    static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var file = parsed.GetRequiredValue(s_file);
        using var check = CaseProcess.Start(ValidatePartCommand.Name, [file]);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(s_patience);
        try
        {
            if (await check.ReadLineAsync(deadline.Token) is { } line) return Tell(parsed, JsonSerializer.Deserialize(line, DocumentJson.Default.ValidateDocument)!);
            var (how, code) = await check.EndAsync(deadline.Token);
            // What it could tell it has told on standard error, which is ours too.
            if (code is ExitCode.Failed or ExitCode.Usage or ExitCode.Configuration) return code;
            throw new CommandFailedException(ExitCode.Configuration, "validate", $"{file}: the process in which plugins check their options {how}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new CommandFailedException(ExitCode.Configuration, "validate", $"{file}: a plugin does not come back from the check of its options within {s_patience.TotalSeconds:0} s");
        }
    }

    // What is wrong with the file is this command's result, so it goes where results go.
    static int Tell(ParseResult parsed, ValidateDocument document)
    {
        Results.Of(parsed).Write(document, known => known.ValidateDocument, console =>
        {
            if (document.Valid) console.WriteLine($"{document.File} is right: {string.Join(", ", document.Heaps)}");
            foreach (var error in document.Errors) console.Profile.Out.Writer.WriteLine(error.ToError());
        });
        return document.Valid ? ExitCode.Success : ExitCode.Configuration;
    }
}

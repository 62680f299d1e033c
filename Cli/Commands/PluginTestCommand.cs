using System.CommandLine;
using DmaHeap.Cli.Output;
using DmaHeap.Cli.PluginTests;
using DmaHeap.Plugins;
using Spectre.Console;

namespace DmaHeap.Cli.Commands;

/// <summary><c>dmaheap plugin test</c>: runs the conformance kit on a plugin's heaps, in processes of their own.</summary>
static class PluginTestCommand
{
    static readonly Option<string?> s_heap = new("--heap") { Description = "Only this heap type of the plugin.", HelpName = "TYPE" };

    static readonly Option<string?> s_options = new("--options")
    {
        Description = "The heap's options: a JSON object, or a file with one. A plugin with several heap types needs --heap beside it.",
        HelpName = "JSON|FILE",
    };

    static readonly Option<double> s_limit = new("--limit")
    {
        Description = "Seconds a case may take before it counts as hanging.",
        HelpName = "SECONDS",
        DefaultValueFactory = _ => 60,
    };

    public static Command Create()
    {
        s_limit.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double>() is not (>= 0.1 and <= 3600)) result.AddError("--limit is from 0.1 to 3600 seconds.");
        });
        var command = new Command("test", "Run the conformance kit on a plugin's heaps, each case where a crash or a hang harms nobody.")
        {
            PluginCommand.File, s_heap, s_options, s_limit,
        };
        command.SetAction(RunAsync);
        return command;
    }

    static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        using var interruption = new Interruption();
        var file = Path.GetFullPath(parsed.GetRequiredValue(PluginCommand.File));
        var manifest = PluginInspector.Inspect(file);
        manifest.ThrowIfRefused();
        var types = Choose([.. manifest.HeapTypes.Select(type => type.Name)], parsed.GetValue(s_heap), parsed.GetValue(s_options) is not null, file);
        var (options, source) = OptionsArgument.Read(parsed.GetValue(s_options));
        var tester = new PluginTester(file, options, source, TimeSpan.FromSeconds(parsed.GetValue(s_limit)));

        var heaps = new List<TestedHeapRow>();
        try
        {
            foreach (var type in types) heaps.Add(await tester.RunAsync(type, interruption.Token));
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            throw new CommandFailedException(ExitCode.Failed, "interrupted", "interrupted before all cases had run");
        }

        var document = new PluginTestDocument(file, heaps.All(heap => heap.Passed), heaps);
        Results.Of(parsed).Write(document, known => known.PluginTestDocument, console => TestReport.Show(document, console));
        return document.Passed ? ExitCode.Success : ExitCode.Failed;
    }

    static IReadOnlyList<string> Choose(string[] types, string? chosen, bool withOptions, string file)
    {
        var names = string.Join(", ", types);
        if (chosen is not null && !types.Contains(chosen)) throw new CommandFailedException(ExitCode.Usage, "usage", $"{file} has no heap type \"{chosen}\"; it has {names}.");
        if (chosen is null && withOptions && types.Length > 1) throw new CommandFailedException(ExitCode.Usage, "usage", $"{file} has several heap types ({names}): say by --heap whose options these are.");
        return chosen is null ? types : [chosen];
    }
}

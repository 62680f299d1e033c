using System.CommandLine;
using System.CommandLine.Parsing;
using DmaHeap.Cli.Commands;
using DmaHeap.Cli.Exec;
using DmaHeap.Cli.Output;

namespace DmaHeap.Cli;

/// <summary>The commands, and the one place where what they throw becomes a message and an exit code.</summary>
static class CommandLine
{
    public static async Task<int> RunAsync(string[] args)
    {
        var tail = CommandTail.Of(args);
        var root = Root(tail);
        // A heap or file may well begin with @; nothing is read from response files.
        var parsed = root.Parse(tail.Own, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (args.Length == 0) return await HelpAsync(root);
        var results = new Results(json: parsed.GetResult(CommonOptions.Json) is { Implicit: false });
        if (parsed.Errors.Count > 0) return results.Fail(Failure.OfUsage(Explain(parsed)) with { ExitCode = tail.IsExec ? ExecExitCode.Failed : ExitCode.Usage });
        try
        {
            // Commands that outlive a signal say themselves what it means to them.
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (Exception exception) when (Failure.Of(exception) is { } failure)
        {
            return results.Fail(failure);
        }
    }

    static RootCommand Root(CommandTail tail) => new("Shared memory buffers from dma-buf heaps in user space.")
    {
        ServeCommand.Create(),
        ExecCommand.Create(tail),
        ListCommand.Create(),
        AllocCommand.Create(),
        BuffersCommand.Create(),
        StatsCommand.Create(),
        JournalCommand.Create(),
        StatusCommand.Create(),
        SwapCommand.Create(),
        RestartCommand.Create(),
        ReloadCommand.Create(),
        ValidateCommand.Create(),
        SchemaCommand.Create(),
        PluginCommand.Create(),
        DemoCommand.Create(),
        VersionCommand.Create(),
        DemoPartCommands.CreateHolder(),
        DemoPartCommands.CreateChecker(),
        DemoPartCommands.CreateImporter(),
        PluginTestPartCommand.Create(),
        ValidatePartCommand.Create(),
        CommonOptions.Json,
    };

    static async Task<int> HelpAsync(RootCommand root)
    {
        await root.Parse(["--help"]).InvokeAsync(new InvocationConfiguration { Output = Console.Error });
        return ExitCode.Usage;
    }

    static string Explain(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var group = parsed.CommandResult.Parent is CommandResult { Command: not RootCommand and var outer } ? outer.Name + " " : "";
        var help = command is RootCommand ? "dmaheap --help" : $"dmaheap {group}{command.Name} --help";
        return string.Join('\n', parsed.Errors.Select(error => error.Message).Append($"See: {help}"));
    }
}

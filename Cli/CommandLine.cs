using System.CommandLine;
using System.CommandLine.Parsing;
using DmaHeap.Cli.Commands;
using DmaHeap.Cli.Exec;
using DmaHeap.Cli.Output;

namespace DmaHeap.Cli;

/// <summary>The commands, and the one place where what they throw becomes a message and an exit code.</summary>
static class CommandLine
{
    const string Description = "Shared memory buffers from dma-buf heaps in user space.";

    // Commands that outlive a signal say themselves what it means to them.
    static readonly InvocationConfiguration s_invocation = new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };

    public static async Task<int> RunAsync(CommandTail tail)
    {
        var root = Root(tail);
        if (tail.Own.Length == 0) return await HelpAsync(root);
        var (parsed, results) = Parse(root, tail);
        if (parsed.Errors.Count > 0) return Refuse(parsed, results, ExitCode.Usage);
        try
        {
            return await parsed.InvokeAsync(s_invocation);
        }
        catch (Exception exception) when (Failure.Of(exception) is { } failure)
        {
            return results.Fail(failure);
        }
    }

    /// <summary>Runs <c>exec</c>, and makes no other command for that: the program waits for it.</summary>
    public static int RunExec(CommandTail tail)
    {
        var (parsed, results) = Parse(new RootCommand(Description) { ExecCommand.Create(tail), CommonOptions.Json }, tail);
        if (parsed.Errors.Count > 0) return Refuse(parsed, results, ExecExitCode.Failed);
        try
        {
            return parsed.Invoke(s_invocation);
        }
        catch (Exception exception) when (Failure.Of(exception) is { } failure)
        {
            return results.Fail(failure);
        }
    }

    // A heap or file may well begin with @; nothing is read from response files.
    static (ParseResult Parsed, Results Results) Parse(RootCommand root, CommandTail tail)
    {
        var parsed = root.Parse(tail.Own, new ParserConfiguration { ResponseFileTokenReplacer = null });
        return (parsed, new Results(json: parsed.GetResult(CommonOptions.Json) is { Implicit: false }));
    }

    static int Refuse(ParseResult parsed, Results results, int exitCode) => results.Fail(Failure.OfUsage(Explain(parsed)) with { ExitCode = exitCode });

    static RootCommand Root(CommandTail tail) => new(Description)
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
        ShrinkCommand.Create(),
        ValidateCommand.Create(),
        SchemaCommand.Create(),
        PluginCommand.Create(),
        DemoCommand.Create(),
        BenchCommand.Create(),
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

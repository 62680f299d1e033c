using System.CommandLine;
using DmaHeap.Cli.Demo;

namespace DmaHeap.Cli.Commands;

/// <summary>The processes of the demo as commands that are of no use to anybody else.</summary>
static class DemoPartCommands
{
    public const string Holder = "demo-holder", Checker = "demo-checker", Importer = "demo-importer";

    static readonly Argument<string> s_handover = new("HANDOVER");
    static readonly Argument<ulong> s_seed = new("SEED");
    static readonly Argument<string> s_host = new("HOST");
    static readonly Argument<ByteSize> s_size = new("SIZE") { CustomParser = CommonOptions.ReadSize };

    public static Command CreateHolder()
    {
        var command = new Command(Holder) { s_handover, s_seed, s_host, CommonOptions.Heap, s_size };
        command.Hidden = true;
        command.SetAction(parsed =>
        {
            using var holder = new HolderProcess(
                parsed.GetRequiredValue(s_host), parsed.GetRequiredValue(CommonOptions.Heap), parsed.GetRequiredValue(s_size),
                parsed.GetRequiredValue(s_seed), parsed.GetRequiredValue(s_handover).Split(Path.PathSeparator));
            return DemoOrders.Obey(holder.Orders);
        });
        return command;
    }

    public static Command CreateChecker()
    {
        var command = new Command(Checker) { s_handover, s_seed };
        command.Hidden = true;
        command.SetAction(parsed =>
        {
            using var checker = new CheckerProcess(parsed.GetRequiredValue(s_handover), parsed.GetRequiredValue(s_seed));
            return DemoOrders.Obey(checker.Orders);
        });
        return command;
    }

    public static Command CreateImporter()
    {
        var command = new Command(Importer) { s_handover, s_seed, s_host, s_size };
        command.Hidden = true;
        command.SetAction(parsed =>
        {
            using var importer = new ImporterProcess(
                parsed.GetRequiredValue(s_host), parsed.GetRequiredValue(s_size), parsed.GetRequiredValue(s_seed), parsed.GetRequiredValue(s_handover));
            return DemoOrders.Obey(importer.Orders);
        });
        return command;
    }
}

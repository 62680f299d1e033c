using System.CommandLine;
using System.Diagnostics;
using System.IO.Pipes;
using DmaHeap.Cli.PluginTests;
using DmaHeap.Testing;

namespace DmaHeap.Cli.Commands;

/// <summary>The process in which a plugin's cases run, as a command that is of no use to anybody else.</summary>
static class PluginTestPartCommand
{
    public const string Name = "plugin-test-part";

    static readonly Argument<string> s_pipe = new("PIPE");
    static readonly Argument<string> s_file = new("FILE");
    static readonly Argument<string> s_heap = new("HEAP");
    static readonly Argument<string> s_options = new("OPTIONS");
    static readonly Argument<string> s_source = new("SOURCE");
    static readonly Argument<string[]> s_cases = new("CASE");

    public static Command Create()
    {
        var command = new Command(Name) { s_pipe, s_file, s_heap, s_options, s_source, s_cases };
        command.Hidden = true;
        command.SetAction(Run);
        return command;
    }

    static int Run(ParseResult parsed)
    {
        using var pipe = new AnonymousPipeClientStream(PipeDirection.Out, parsed.GetRequiredValue(s_pipe));
        using var lines = new StreamWriter(pipe) { AutoFlush = true };
        using var plugin = PluginUnderTest.Load(parsed.GetRequiredValue(s_file));
        var heap = plugin.Heap(parsed.GetRequiredValue(s_heap), parsed.GetRequiredValue(s_options), parsed.GetRequiredValue(s_source));
        foreach (var name in parsed.GetRequiredValue(s_cases))
        {
            var each = HeapConformance.Find(name);
            lines.WriteLine(CaseLines.Started(each));
            var clock = Stopwatch.StartNew();
            lines.WriteLine(CaseLines.Ended(HeapConformance.Try(each, heap), clock.Elapsed));
        }

        return ExitCode.Success;
    }
}

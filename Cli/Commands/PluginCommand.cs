using System.CommandLine;

namespace DmaHeap.Cli.Commands;

/// <summary><c>dmaheap plugin</c>: what whoever writes or installs a plugin asks about its file. No host need run.</summary>
static class PluginCommand
{
    public static Argument<string> File { get; } = new("FILE") { Description = "The plugin's main assembly, such as bin/Acme.VideoHeap.dll." };

    public static Command Create() => new("plugin", "Look at a plugin's file and try its heaps.")
    {
        PluginInspectCommand.Create(),
        PluginTestCommand.Create(),
    };
}

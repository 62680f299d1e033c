using System.CommandLine;
using DmaHeap.Cli.Output;
using DmaHeap.Client;
using Spectre.Console;

namespace DmaHeap.Cli.Commands;

/// <summary><c>dmaheap swap</c>: another plugin in a heap's place, and back, in a running host.</summary>
static class SwapCommand
{
    static readonly Option<string?> s_plugin = new("--plugin")
    {
        Description = "The plugin to put in its place: a name for the host's search path, or a file.",
        HelpName = "NAME|DLL",
    };

    static readonly Option<string?> s_options = new("--options")
    {
        Description = "A file with the plugin's options, a JSON object (default: the plugin's defaults).",
        HelpName = "FILE",
    };

    static readonly Option<bool> s_restore = new("--restore") { Description = "Put the heap back." };

    public static Command Create()
    {
        var command = new Command("swap", "Put another plugin in a heap's place while the host runs, or put the heap back. Live buffers stay as they are.")
        {
            CommonOptions.Heap,
            s_plugin,
            s_options,
            s_restore,
            CommonOptions.Socket,
        };
        command.Validators.Add(parsed =>
        {
            if (parsed.GetValue(s_restore) == parsed.GetValue(s_plugin) is not null) parsed.AddError("Say either --plugin, and which, or --restore.");
            else if (parsed.GetValue(s_restore) && parsed.GetValue(s_options) is not null) parsed.AddError("--options go with --plugin.");
        });
        command.SetAction(RunAsync);
        return command;
    }

    static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var heap = parsed.GetRequiredValue(CommonOptions.Heap);
        using var client = DmaHeapClient.Connect(parsed.GetValue(CommonOptions.Socket));
        if (parsed.GetValue(s_plugin) is { } plugin) await client.SwapAsync(heap, AsTheHostSeesIt(plugin), parsed.GetValue(s_options), cancellationToken);
        else await client.RestoreAsync(heap, cancellationToken);
        var document = new ChangeDocument(heap, parsed.GetValue(s_restore) ? "restored" : "swapped", parsed.GetValue(s_plugin));
        Results.Of(parsed).Write(document, known => known.ChangeDocument, console => console.WriteLine(
            document.Plugin is null ? $"{heap} is its own again." : $"{heap} is {document.Plugin}'s now; put it back with: dmaheap swap {heap} --restore"));
        return ExitCode.Success;
    }

    // The host has another working directory than this command.
    static string AsTheHostSeesIt(string plugin) => plugin.Contains('/') || plugin.EndsWith(".dll", StringComparison.Ordinal) ? Path.GetFullPath(plugin) : plugin;
}

using System.CommandLine;
using System.CommandLine.Parsing;

namespace DmaHeap.Cli;

/// <summary>Options and arguments that several commands have.</summary>
static class CommonOptions
{
    public static Option<bool> Json { get; } = new("--json")
    {
        Description = "Print one JSON document on standard output, and nothing else.",
        Recursive = true,
    };

    public static Option<string?> Socket { get; } = new("--socket")
    {
        Description = "The host's socket (default: $DMAHEAP_SOCKET, the user's, the system's).",
        HelpName = "PATH",
    };

    public static Option<string?> Config { get; } = new("--config")
    {
        Description = "The configuration (default: $DMAHEAP_CONFIG, the user's, the system's, the one beside the program).",
        HelpName = "FILE",
    };

    public static Argument<string> Heap { get; } = new("HEAP") { Description = "Name or alias of a heap." };

    public static Argument<string?> OptionalHeap { get; } = new("HEAP")
    {
        Description = "Only this heap, by name or alias.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    public static ByteSize ReadSize(ArgumentResult argument)
    {
        var text = argument.Tokens[0].Value;
        if (ByteSize.TryParse(text, out var size)) return size;
        argument.AddError($"\"{text}\" is no size: write a number of bytes, or one with KiB, MiB, GiB or TiB, such as 8MiB.");
        return default;
    }
}

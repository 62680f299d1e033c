namespace DmaHeap.Cli.Exec;

/// <summary>The command line, taken apart at the first <c>--</c>: what comes after it is a program's, and not ours to interpret.</summary>
/// <param name="Own">Ours.</param>
/// <param name="Program">The program's; empty where there is none.</param>
sealed record CommandTail(string[] Own, string[] Program)
{
    public const string Command = "exec";
    const string Separator = "--";

    public bool IsExec => Own.FirstOrDefault(argument => !argument.StartsWith('-')) == Command;

    public static CommandTail Of(string[] arguments)
    {
        var at = Array.IndexOf(arguments, Separator);
        var split = at < 0 ? new CommandTail(arguments, []) : new CommandTail(arguments[..at], arguments[(at + 1)..]);
        // Other commands may have a -- of their own.
        return split.IsExec ? split : new CommandTail(arguments, []);
    }
}

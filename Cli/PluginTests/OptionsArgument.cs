namespace DmaHeap.Cli.PluginTests;

/// <summary>Options as the command line gives them: the JSON itself, or a file with it.</summary>
static class OptionsArgument
{
    /// <returns>The text, and what errors in it name it.</returns>
    public static (string? Text, string Source) Read(string? argument) => argument switch
    {
        null => (null, "--options"),
        _ when argument.TrimStart().StartsWith('{') => (argument, "--options"),
        _ when File.Exists(argument) => (File.ReadAllText(argument), argument),
        _ => throw new CommandFailedException(ExitCode.Usage, "usage", $"--options is neither a JSON object nor a file: {argument}"),
    };
}

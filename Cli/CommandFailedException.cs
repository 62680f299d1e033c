namespace DmaHeap.Cli;

/// <summary>A command cannot go on, for a reason of its own.</summary>
/// <param name="exitCode">One of <see cref="ExitCode"/>.</param>
/// <param name="cause">A stable code for programs.</param>
/// <param name="message">A sentence for people.</param>
sealed class CommandFailedException(int exitCode, string cause, string message) : Exception(message)
{
    public int ExitCode { get; } = exitCode;

    public string Cause { get; } = cause;
}

using DmaHeap.Client;
using DmaHeap.Hosting;
using DmaHeap.Hosting.Configuration;
using DmaHeap.Linux;
using DmaHeap.Plugins;

namespace DmaHeap.Cli;

/// <summary>What is told of a failure. An exception that is not in this list is a defect of the program and keeps its stack trace.</summary>
sealed record Failure(int ExitCode, string Cause, string? Errno, string Message, IReadOnlyList<ConfigurationError> Errors)
{
    public static Failure? Of(Exception exception) => exception switch
    {
        CommandFailedException own => new(own.ExitCode, own.Cause, null, own.Message, []),
        DmaHeapException refusal => new(
            refusal.Cause == ClientCause.NoHost ? Cli.ExitCode.NoHost : Cli.ExitCode.Failed, refusal.Cause, refusal.Errno.ToString(), refusal.Message, []),
        ConfigurationException configuration => new(
            Cli.ExitCode.Configuration, "configuration", null, configuration.Message, configuration.Errors),
        PluginException plugin => new(Cli.ExitCode.Configuration, "plugin", null, plugin.Message, []),
        HeapStartException heap => new(Cli.ExitCode.Configuration, "heap-start", null, heap.Message, []),
        SocketInUseException socket => new(Cli.ExitCode.Failed, "socket-in-use", null, socket.Message, []),
        LinuxException system => new(Cli.ExitCode.Failed, "system", system.Errno.ToString(), system.Message, []),
        IOException or UnauthorizedAccessException => new(Cli.ExitCode.Failed, "system", null, exception.Message, []),
        _ => null,
    };

    public static Failure OfUsage(string message) => new(Cli.ExitCode.Usage, "usage", null, message, []);
}

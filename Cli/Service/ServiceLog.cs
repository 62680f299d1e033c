using Microsoft.Extensions.Logging;

namespace DmaHeap.Cli.Service;

/// <summary>What is logged of the host as a service, beside what the host itself logs. Listed in docs/events.md.</summary>
static partial class ServiceLog
{
    [LoggerMessage(302, LogLevel.Warning, "The service manager was not told {State}: {Reason}")]
    public static partial void NotTold(ILogger log, string state, string reason);

    [LoggerMessage(303, LogLevel.Error, "The watchdog is not told that the host lives: {Reason}")]
    public static partial void Unanswered(ILogger log, string reason);
}

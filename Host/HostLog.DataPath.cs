using Microsoft.Extensions.Logging;

namespace DmaHeap.Hosting;

/// <content>Many buffers.</content>
internal static partial class HostLog
{
    [LoggerMessage(420, LogLevel.Information,
        "The machine's inotify limits are raised while this host runs: max_user_watches from {WatchesBefore} to {Watches}, max_queued_events from {EventsBefore} to {Events}")]
    public static partial void LimitsRaised(ILogger log, int watchesBefore, int watches, int eventsBefore, int events);

    [LoggerMessage(421, LogLevel.Warning, "The machine's inotify limits could not be changed: {Reason}")]
    public static partial void LimitsNotRaised(ILogger log, string reason);
}

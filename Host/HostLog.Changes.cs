using Microsoft.Extensions.Logging;

namespace DmaHeap.Hosting;

/// <summary>What is logged of heaps that are replaced while the host runs.</summary>
internal static partial class HostLog
{
    [LoggerMessage(230, LogLevel.Information, "Plugin {Plugin} ({Hash}) was unloaded, seen after {Milliseconds} ms")]
    public static partial void PluginUnloaded(ILogger log, string plugin, string hash, long milliseconds);

    [LoggerMessage(231, LogLevel.Information, "Heap {Heap} was replaced ({Why}), from {Plugin} now; {Buffers} buffers stay with the heap before until they are gone")]
    public static partial void HeapReplaced(ILogger log, string heap, string why, string plugin, long buffers);

    [LoggerMessage(232, LogLevel.Information, "Heap {Heap} was taken out ({Why}); {Buffers} buffers stay with it until they are gone")]
    public static partial void HeapRemoved(ILogger log, string heap, string why, long buffers);

    [LoggerMessage(233, LogLevel.Information, "Heap {Heap} from {Plugin} has drained after {Seconds:0.0} s and was disposed")]
    public static partial void HeapDrained(ILogger log, string heap, string plugin, double seconds);

    [LoggerMessage(234, LogLevel.Warning, "Heap {Heap} from {Plugin} did not drain within {Seconds:0.0} s; {Buffers} buffers, {Holders}, were released to it while their clients hold them")]
    public static partial void DrainCutShort(ILogger log, string heap, string plugin, double seconds, int buffers, string holders);

    [LoggerMessage(235, LogLevel.Warning, "A change was refused ({Why}), and what ran goes on: {Reason}")]
    public static partial void ChangeRefused(ILogger log, string why, string reason);

    [LoggerMessage(236, LogLevel.Warning, "User {UserId}, process {ProcessId}, may not change this host ({What})")]
    public static partial void ChangeDenied(ILogger log, uint userId, int processId, string what);

    [LoggerMessage(239, LogLevel.Warning, "Files are not watched for changes ({Reason}); dmaheap reload and SIGHUP still work")]
    public static partial void FilesNotWatched(ILogger log, string reason);

    [LoggerMessage(240, LogLevel.Error, "A reload failed inside the host; what ran goes on")]
    public static partial void ReloadFailed(ILogger log, Exception exception);

    [LoggerMessage(241, LogLevel.Debug, "The configuration was read again and says nothing new")]
    public static partial void ReloadedTheSame(ILogger log);

    [LoggerMessage(238, LogLevel.Error, "Heap {Heap} is faulted: it {Reason}. It answers EIO until it is started anew (dmaheap restart {Heap})")]
    public static partial void HeapGivenUp(ILogger log, string heap, string reason);

    [LoggerMessage(237, LogLevel.Information, "The configuration was read again: {Outcome}")]
    public static partial void Reloaded(ILogger log, string outcome);
}

using DmaHeap.Hosting.Reclaim;
using Microsoft.Extensions.Logging;

namespace DmaHeap.Hosting;

/// <summary>What is logged of memory that is given back.</summary>
internal static partial class HostLog
{
    [LoggerMessage(410, LogLevel.Information, "Gave back {Bytes} of {Wanted} wanted ({Reason}): {Sources}")]
    public static partial void Reclaimed(ILogger log, string bytes, string wanted, ReclaimReason reason, string sources);

    [LoggerMessage(411, LogLevel.Debug, "There is nothing to give back ({Reason})")]
    public static partial void NothingToReclaim(ILogger log, ReclaimReason reason);

    [LoggerMessage(412, LogLevel.Warning, "Asked for memory, {Source} failed: {Reason}")]
    public static partial void ReclaimFailed(ILogger log, string source, string reason, Exception? exception);

    [LoggerMessage(413, LogLevel.Error, "Heap {Heap} does not come back from {Hook} of its shrinker within {Milliseconds} ms: it is faulted, and the thread given up")]
    public static partial void ShrinkerStuck(ILogger log, string heap, string hook, long milliseconds);

    [LoggerMessage(414, LogLevel.Warning, "Heap {Heap} came back from {Hook} of its shrinker after it was given up; it stays faulted")]
    public static partial void ShrinkerCameBack(ILogger log, string heap, string hook);

    [LoggerMessage(415, LogLevel.Warning, "Heap {Heap} says it gave {Said} bytes back, and what it says it has fell by {Fell}; the lesser counts")]
    public static partial void ShrinkerDoubted(ILogger log, string heap, long said, long fell);

    [LoggerMessage(416, LogLevel.Information, "Nobody tells when programs wait for memory: {File} cannot be watched ({Errno})")]
    public static partial void PressureNotSeen(ILogger log, string file, Linux.Errno errno);

    [LoggerMessage(417, LogLevel.Warning, "What the machine and the host's control groups have left cannot be read, so no memory is given back before it runs out: {Reason}")]
    public static partial void LimitsNotSeen(ILogger log, string reason);
}

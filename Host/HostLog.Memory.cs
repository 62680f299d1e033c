using Microsoft.Extensions.Logging;

namespace DmaHeap.Hosting;

/// <summary>What is logged of memory that is kept ready, and of huge pages.</summary>
internal static partial class HostLog
{
    [LoggerMessage(400, LogLevel.Information, "The pool of heap {Heap} is not filled now: {Reason}")]
    public static partial void PoolNotFilled(ILogger log, string heap, string reason);
}

using Microsoft.Extensions.Logging;

namespace DmaHeap.Hosting;

/// <summary>What is logged of memory that is kept ready, and of huge pages.</summary>
internal static partial class HostLog
{
    [LoggerMessage(400, LogLevel.Information, "The pool of heap {Heap} is not filled now: {Reason}")]
    public static partial void PoolNotFilled(ILogger log, string heap, string reason);

    [LoggerMessage(401, LogLevel.Debug, "Buffer {Buffer} of heap {Heap} was given back and is not recycled: {Reason}")]
    public static partial void NotRecycled(ILogger log, ulong buffer, string heap, string reason);
}

using Microsoft.Extensions.Logging;

namespace DmaHeap.Hosting;

/// <summary>What is logged of heaps in worker processes.</summary>
internal static partial class HostLog
{
    [LoggerMessage(320, LogLevel.Information, "Heap {Heap} runs in worker process {ProcessId}")]
    public static partial void WorkerStarted(ILogger log, string heap, int processId);

    [LoggerMessage(321, LogLevel.Error, "Heap {Heap} lost its worker process {ProcessId}, which {How}; {Buffers} buffers stay with their clients")]
    public static partial void WorkerEnded(ILogger log, string heap, int processId, string how, int buffers);

    [LoggerMessage(322, LogLevel.Error, "Heap {Heap} got no new worker process, and another try follows: {Reason}")]
    public static partial void WorkerNotStarted(ILogger log, string heap, string reason);

    [LoggerMessage(442, LogLevel.Warning, "Heap {Heap} logs too much from its worker process: {Dropped} entries were dropped")]
    public static partial void WorkerLogDropped(ILogger log, string heap, long dropped);
}

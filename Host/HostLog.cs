using Microsoft.Extensions.Logging;

namespace DmaHeap.Hosting;

/// <summary>Everything the host logs, with its stable event id. Listed in docs/events.md.</summary>
internal static partial class HostLog
{
    /// <summary>Event of entries that heaps write themselves.</summary>
    public static readonly EventId HeapEntry = new(100, nameof(HeapEntry));

    [LoggerMessage(1, LogLevel.Information, "Listening on {Path} with {Heaps} heaps")]
    public static partial void Listening(ILogger log, string path, int heaps);

    [LoggerMessage(2, LogLevel.Information, "Stopped; {Live} buffers were still held by clients and stay theirs")]
    public static partial void Stopped(ILogger log, int live);

    [LoggerMessage(10, LogLevel.Information, "Heap {Heap} is up, from {Plugin}")]
    public static partial void HeapStarted(ILogger log, string heap, string plugin);

    [LoggerMessage(11, LogLevel.Warning, "Heap {Heap} is unavailable: {Reason}")]
    public static partial void HeapUnavailable(ILogger log, string heap, string reason);

    [LoggerMessage(12, LogLevel.Error, "Heap {Heap} failed in {Hook} (request {Request})")]
    public static partial void HeapFaulted(ILogger log, string heap, string hook, string request, Exception exception);

    [LoggerMessage(13, LogLevel.Warning, "Plugin {Plugin} was not unloaded: {Detail}")]
    public static partial void PluginStayed(ILogger log, string plugin, string detail);

    [LoggerMessage(20, LogLevel.Information, "Refused {UserId}/{ProcessId} on heap {Heap}: {Sentence} ({Errno}, {Cause}, request {Request})")]
    public static partial void AllocationRefused(ILogger log, uint userId, int processId, string heap, string sentence, Linux.Errno errno, string cause, string request);

    [LoggerMessage(21, LogLevel.Error, "An allocation failed inside the host (request {Request})")]
    public static partial void AllocationFailed(ILogger log, string request, Exception exception);

    [LoggerMessage(30, LogLevel.Warning, "The kernel's event queue overflowed; of {Live} tracked buffers {Found} were found gone")]
    public static partial void QueueOverflowed(ILogger log, int live, int found);

    [LoggerMessage(31, LogLevel.Error, "A heap does not come back from a release for {Milliseconds} ms; another thread goes on without it")]
    public static partial void ReleaseStuck(ILogger log, long milliseconds);

    [LoggerMessage(32, LogLevel.Error, "The live buffers could not be looked through after events were lost; it is tried again: {Reason}")]
    public static partial void SweepFailed(ILogger log, string reason);

    [LoggerMessage(40, LogLevel.Debug, "Client {UserId}/{ProcessId} connected, as connection {Connection}")]
    public static partial void ClientConnected(ILogger log, uint userId, int processId, ulong connection);

    [LoggerMessage(41, LogLevel.Warning, "Client {UserId}/{ProcessId} was disconnected: {Reason}")]
    public static partial void ClientDisconnected(ILogger log, uint userId, int processId, string reason);

    [LoggerMessage(42, LogLevel.Error, "A client could not be accepted: {Reason}")]
    public static partial void AcceptFailed(ILogger log, string reason);

    [LoggerMessage(43, LogLevel.Warning, "All {Workers} workers are busy for longer than {Milliseconds} ms; one more is started")]
    public static partial void WorkerAdded(ILogger log, int workers, long milliseconds);

    [LoggerMessage(44, LogLevel.Error, "A request of client {UserId}/{ProcessId} failed inside the host (connection {Connection})")]
    public static partial void RequestFailed(ILogger log, uint userId, int processId, ulong connection, Exception exception);

    [LoggerMessage(270, LogLevel.Debug, "Allocated {Bytes} bytes for {UserId}/{ProcessId} from heap {Heap}, as buffer {Buffer} (request {Request})")]
    public static partial void BufferAllocated(ILogger log, long bytes, uint userId, int processId, string heap, ulong buffer, string request);

    [LoggerMessage(200, LogLevel.Error, "Heap {Heap} does not come back from {Op} of its buffer {Sequence} within {Milliseconds} ms: it is faulted, and the thread given up")]
    public static partial void OpStuck(ILogger log, string heap, string op, ulong sequence, long milliseconds);

    [LoggerMessage(201, LogLevel.Warning, "Heap {Heap} came back from {Op} of its buffer {Sequence} after it was given up; it stays faulted")]
    public static partial void OpCameBack(ILogger log, string heap, string op, ulong sequence);

    [LoggerMessage(202, LogLevel.Information, "Refused importer {UserId}/{ProcessId} ({Executable}) {Op} of buffer {Sequence} of heap {Heap}: {Sentence} ({Errno}, {Cause})")]
    public static partial void ImporterRefused(
        ILogger log, uint userId, int processId, string executable, string op, ulong sequence, string heap, string sentence, Linux.Errno errno, string cause);

    [LoggerMessage(204, LogLevel.Error, "An op of buffer {Sequence} of heap {Heap} failed inside the host (request {Request})")]
    public static partial void OpFailed(ILogger log, ulong sequence, string heap, string request, Exception exception);

    [LoggerMessage(203, LogLevel.Information, "Importer {UserId}/{ProcessId} went and left {Attachments} attachments of buffer {Sequence} of heap {Heap}; they are undone")]
    public static partial void ImporterLeft(ILogger log, uint userId, int processId, int attachments, ulong sequence, string heap);
}

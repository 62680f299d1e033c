using DmaHeap.Protocol;
using Microsoft.Extensions.Logging;

namespace DmaHeap.Hosting;

/// <summary>What is logged of a host that follows another.</summary>
internal static partial class HostLog
{
    [LoggerMessage(300, LogLevel.Debug, "Adopted {Bytes} bytes of heap {Heap}, buffer {Former} of the host before, for {UserId}/{ProcessId} as buffer {Sequence}")]
    public static partial void BufferAdopted(ILogger log, long bytes, string heap, BufferId former, uint userId, int processId, ulong sequence);

    [LoggerMessage(440, LogLevel.Debug, "Adopted {Bytes} bytes of heap {Heap}, which the service manager kept as \"{StoredAs}\", for user {UserId} as buffer {Sequence}")]
    public static partial void StoredBufferAdopted(ILogger log, long bytes, string heap, string storedAs, uint userId, ulong sequence);

    [LoggerMessage(441, LogLevel.Warning, "What the service manager kept as \"{StoredAs}\" is not adopted, and closed: {Sentence} ({Errno}, {Cause})")]
    public static partial void StoredBufferRefused(ILogger log, string storedAs, string sentence, Linux.Errno errno, string cause);

    [LoggerMessage(301, LogLevel.Information, "Did not adopt buffer {Former} of the host before for {UserId}/{ProcessId}: {Sentence} ({Errno}, {Cause})")]
    public static partial void AdoptionRefused(ILogger log, uint userId, int processId, BufferId former, string sentence, Linux.Errno errno, string cause);
}

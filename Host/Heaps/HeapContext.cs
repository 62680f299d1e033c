using DmaHeap.Hosting.Memory;
using Microsoft.Extensions.Logging;

namespace DmaHeap.Hosting.Heaps;

/// <summary>The host behind a heap's door.</summary>
internal sealed class HeapContext(string name, MemoryService memory, HeapStatistics statistics, TimeProvider time, ILogger log, CancellationToken stopping) : IHeapContext
{
    public string Name => name;

    /// <summary>The host's log, for what the host itself has to say of the heap.</summary>
    public ILogger Logger => log;

    public IHeapLog Log { get; } = new HeapLog(name, log);

    public IHeapMemoryService Memory => memory;

    public IHeapStatistics Statistics => statistics;

    public TimeProvider Time => time;

    public RequestId Request => CurrentRequest.Id;

    public CancellationToken Stopping => stopping;
}

using System.Collections.Concurrent;

namespace DmaHeap.Tests.Heaps;

/// <summary>The host as one heap sees it, without descriptors: enough to try a heap's own decisions.</summary>
internal sealed class FakeHeapContext : IHeapContext, IHeapLog, IHeapStatistics
{
    public ConcurrentQueue<(HeapLogLevel Level, string Message, LogField[] Fields)> Entries { get; } = [];

    public FakeMemoryService Memory { get; } = new();

    public string Name => "fake";

    public IHeapLog Log => this;

    public IHeapStatistics Statistics => this;

    public ManualClock Clock { get; } = new();

    /// <summary>In the place of <see cref="Clock"/>.</summary>
    public TimeProvider? OtherTime { get; init; }

    public TimeProvider Time => OtherTime ?? Clock;

    public CancellationToken Stopping { get; init; }

    IHeapMemoryService IHeapContext.Memory => Memory;

    long IHeapStatistics.Buffers => 0;

    long IHeapStatistics.Bytes => 0;

    long IHeapStatistics.PeakBytes => 0;

    long IHeapStatistics.Allocations => 0;

    long IHeapStatistics.Failures => 0;

    public bool IsEnabled(HeapLogLevel level) => true;

    public void Write(HeapLogLevel level, string message, params LogField[] fields) => Entries.Enqueue((level, message, fields));
}

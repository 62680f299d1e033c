using System.Collections.Concurrent;

namespace DmaHeap.Hosting.Heaps;

/// <summary>Counts what happens to one heap. Safe from any thread.</summary>
internal sealed class HeapStatistics : IHeapStatistics
{
    // Causes may come from a plugin; more than this many different ones are counted together.
    private const int MaxCauses = 32;
    private const string OtherCauses = "other";

    private readonly ConcurrentDictionary<string, long> _failures = new();
    private long _buffers;
    private long _bytes;
    private long _peak;
    private long _allocations;
    private long _releases;
    private long _failureCount;
    private long _hookFailures;

    public long Buffers => Interlocked.Read(ref _buffers);

    public long Bytes => Interlocked.Read(ref _bytes);

    public long PeakBytes => Interlocked.Read(ref _peak);

    public long Allocations => Interlocked.Read(ref _allocations);

    public long Releases => Interlocked.Read(ref _releases);

    public long Failures => Interlocked.Read(ref _failureCount);

    /// <summary>Exceptions that left a hook other than <c>Allocate</c>.</summary>
    public long HookFailures => Interlocked.Read(ref _hookFailures);

    public IReadOnlyList<KeyValuePair<string, long>> FailuresByCause => [.. _failures.OrderByDescending(pair => pair.Value)];

    public void Allocated(long bytes)
    {
        Interlocked.Increment(ref _allocations);
        Adopted(bytes);
    }

    /// <summary>Alive from now on, though allocated from a host before this one.</summary>
    public void Adopted(long bytes)
    {
        Interlocked.Increment(ref _buffers);
        var now = Interlocked.Add(ref _bytes, bytes);
        var peak = Interlocked.Read(ref _peak);
        while (now > peak)
        {
            var before = Interlocked.CompareExchange(ref _peak, now, peak);
            if (before == peak) break;
            peak = before;
        }
    }

    public void Released(long bytes)
    {
        Interlocked.Increment(ref _releases);
        NotAdopted(bytes);
    }

    public void NotAdopted(long bytes)
    {
        Interlocked.Decrement(ref _buffers);
        Interlocked.Add(ref _bytes, -bytes);
    }

    public void HookFailed() => Interlocked.Increment(ref _hookFailures);

    public void Failed(string cause)
    {
        Interlocked.Increment(ref _failureCount);
        var counted = _failures.Count < MaxCauses || _failures.ContainsKey(cause) ? cause : OtherCauses;
        _failures.AddOrUpdate(counted, 1, static (_, count) => count + 1);
    }
}

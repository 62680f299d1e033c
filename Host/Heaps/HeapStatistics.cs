using System.Collections.Concurrent;
using DmaHeap.Hosting.Memory;

namespace DmaHeap.Hosting.Heaps;

/// <summary>Counts what happens to one heap. Safe from any thread.</summary>
internal sealed class HeapStatistics : IHeapStatistics
{
    // Causes may come from a plugin; more than this many different ones are counted together.
    private const int MaxCauses = 32;
    private const string OtherCauses = "other";

    private long _buffers;
    private long _bytes;
    private long _peak;
    private long _allocations;
    private long _releases;
    private long _failureCount;
    private long _hookFailures;
    private long _hostPaid;
    private long _toucherPaid;
    private long _poolHits;
    private long _poolMisses;
    private long _poolFilled;
    private long _poolGivenBack;
    private long _recycled;

    public long Buffers => Interlocked.Read(ref _buffers);

    public long Bytes => Interlocked.Read(ref _bytes);

    public long PeakBytes => Interlocked.Read(ref _peak);

    public long Allocations => Interlocked.Read(ref _allocations);

    public long Releases => Interlocked.Read(ref _releases);

    public long Failures => Interlocked.Read(ref _failureCount);

    /// <summary>Exceptions that left a hook other than <c>Allocate</c>.</summary>
    public long HookFailures => Interlocked.Read(ref _hookFailures);

    public IReadOnlyList<KeyValuePair<string, long>> FailuresByCause => Causes.ToList();

    /// <summary>Why requests failed, and how often.</summary>
    public CauseCounts Causes { get; } = new();

    /// <summary>Bytes alive that are charged to the host's control group.</summary>
    public long HostPaidBytes => Interlocked.Read(ref _hostPaid);

    /// <summary>Bytes alive that are, or will be, charged to the control groups of whoever touches them first.</summary>
    public long ToucherPaidBytes => Interlocked.Read(ref _toucherPaid);

    /// <summary>Buffers that were ready when they were asked for.</summary>
    public long PoolHits => Interlocked.Read(ref _poolHits);

    /// <summary>Buffers that a pool is for, and that were not ready.</summary>
    public long PoolMisses => Interlocked.Read(ref _poolMisses);

    /// <summary>Bytes ever made ready.</summary>
    public long PoolFilledBytes => Interlocked.Read(ref _poolFilled);

    /// <summary>Bytes of them that were given back unused.</summary>
    public long PoolGivenBackBytes => Interlocked.Read(ref _poolGivenBack);

    /// <summary>Buffers whose file one of the same trust domain had before, and gave back.</summary>
    public long Recycled => Interlocked.Read(ref _recycled);

    public void TookRecycled() => Interlocked.Increment(ref _recycled);

    public void PoolTaken(bool wasThere) => Interlocked.Increment(ref wasThere ? ref _poolHits : ref _poolMisses);

    public void PoolFilled(long bytes) => Interlocked.Add(ref _poolFilled, bytes);

    public void PoolGaveBack(long bytes) => Interlocked.Add(ref _poolGivenBack, bytes);

    public void Allocated(HostMemory memory)
    {
        Interlocked.Increment(ref _allocations);
        Adopted(memory.Length);
        Pay(memory.Payer, memory.Length);
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

    public void Released(HostMemory memory)
    {
        Interlocked.Increment(ref _releases);
        NotAdopted(memory.Length);
        Pay(memory.Payer, -memory.Length);
    }

    public void NotAdopted(long bytes)
    {
        Interlocked.Decrement(ref _buffers);
        Interlocked.Add(ref _bytes, -bytes);
    }

    private void Pay(MemoryPayer payer, long bytes)
    {
        if (payer == MemoryPayer.Host) Interlocked.Add(ref _hostPaid, bytes);
        else if (payer == MemoryPayer.Toucher) Interlocked.Add(ref _toucherPaid, bytes);
    }

    public void HookFailed() => Interlocked.Increment(ref _hookFailures);

    public void Failed(string cause)
    {
        Interlocked.Increment(ref _failureCount);
        Causes.Count(cause, MaxCauses, OtherCauses);
    }
}

namespace DmaHeap.Hosting.Heaps;

/// <summary>
/// Whether a heap still answers: the one place that says so. A heap that did not come back from an op in time, or that throws again and again, is faulted, and not called again but for releases and its end;
/// only a heap started in its place is sound again. Thread-safe.
/// </summary>
internal sealed class HeapHealth(HeapFaultLimit limit)
{
    private string? _fault;
    private int _lostThreads;

    /// <summary>Why the heap is faulted; null while it is sound.</summary>
    public string? Fault => Volatile.Read(ref _fault);

    public bool IsFaulted => Fault is not null;

    /// <summary>Threads that are inside the heap and were given up: they can be neither ended nor used. One that comes back after all is counted no more.</summary>
    public int LostThreads => Volatile.Read(ref _lostThreads);

    /// <summary>Faults the heap. The first reason stays; true for the one call that gave it.</summary>
    /// <param name="reason">What it did, as a clause that follows the heap's name: "does not come back from Map".</param>
    public bool TryFault(string reason) => Interlocked.CompareExchange(ref _fault, reason, null) is null;

    /// <summary>What its hooks threw.</summary>
    public HookFailures Failures { get; } = new(limit);

    /// <summary>Notes an exception that left a hook. True for the one that was one too many and faulted the heap.</summary>
    public bool Threw(string hook, Exception exception, TimeProvider time) =>
        Failures.Add(hook, $"{exception.GetType().Name}: {exception.Message}", time)
        && TryFault($"threw {Failures.Limit.Count} times within {Failures.Limit.Within.TotalSeconds:0.##} s, the last time in {hook}: {exception.Message}");

    public void ThreadLost() => Interlocked.Increment(ref _lostThreads);

    public void ThreadCameBack() => Interlocked.Decrement(ref _lostThreads);

    /// <summary>What every request to a faulted heap is answered with.</summary>
    /// <param name="heap">The heap's name.</param>
    public HeapException Refusal(string heap) => new(HeapErrno.InputOutput, HeapCause.HeapFault, $"heap {heap} is faulted: it {Fault}");

    /// <exception cref="HeapException">EIO <see cref="HeapCause.HeapFault"/>: the heap is faulted.</exception>
    public void ThrowIfFaulted(string heap)
    {
        if (IsFaulted) throw Refusal(heap);
    }
}

using DmaHeap.Hosting.Memory;

namespace DmaHeap.Hosting.Reclaim;

/// <summary>From a refusal to what could be done about it: whom to ask, and for how much, so that the same is worth trying once more. Thread-safe.</summary>
internal sealed class Relief(Reclaimer reclaimer, Headroom headroom)
{
    // Of what lies ready, where each item has a descriptor or two: enough for more than the one allocation that failed.
    private const int ShareForHandles = 4;

    // Beyond what is missing: committing the last byte there is would have the kernel kill whoever takes the next.
    private const long Margin = 8L << 20;

    /// <summary>For the memory service, which heaps call from their hooks: of the host's own memory alone.</summary>
    /// <param name="refusal">Why the memory cannot be had.</param>
    /// <param name="bytes">How much it was.</param>
    /// <returns>Whether to try once more.</returns>
    public bool WithinHeap(HeapException refusal, long bytes) => Shortages.Of(refusal) switch
    {
        Shortage.HeapsOwn => false,
        var shortage => Helps(shortage, bytes, ReclaimScope.Own),
    };

    /// <summary>For an allocation that was undone: of everybody, or of the heap alone where nobody else's memory would do.</summary>
    /// <param name="refusal">What the allocation failed with.</param>
    /// <param name="bytes">What was asked for.</param>
    /// <param name="heap">The heap's name.</param>
    /// <returns>Whether to try once more.</returns>
    public bool ForAllocation(HeapException refusal, long bytes, string heap)
    {
        var shortage = Shortages.Of(refusal);
        return Helps(shortage, bytes, shortage == Shortage.HeapsOwn ? ReclaimScope.ShrinkerOf(heap) : ReclaimScope.All);
    }

    private bool Helps(Shortage shortage, long bytes, ReclaimScope scope)
    {
        const ReclaimReason Why = ReclaimReason.Allocation;
        return shortage switch
        {
            Shortage.Handles => reclaimer.Share(Why, ShareForHandles, scope).Given > 0,
            // Measured: what others say they gave is not what is there. Where nothing is missing any more, somebody let go meanwhile.
            Shortage.Headroom => headroom.Available() >= bytes || reclaimer.Until(Why, () => bytes + Margin - headroom.Available(), scope).Given > 0,
            Shortage.Bytes or Shortage.HeapsOwn => reclaimer.Take(Why, bytes, scope).Given > 0,
            _ => false,
        };
    }
}

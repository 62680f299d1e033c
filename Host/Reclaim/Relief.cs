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
        try
        {
            return shortage switch
            {
                Shortage.Handles => reclaimer.Share(Why, ShareForHandles, scope).Given > 0,
                Shortage.Headroom => MakesRoom(bytes, scope),
                Shortage.HugePages => reclaimer.Take(Why, bytes, scope with { InHugePages = true }).Given > 0,
                Shortage.Bytes or Shortage.HeapsOwn => reclaimer.Take(Why, bytes, scope).Given > 0,
                _ => false,
            };
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return false; // what is left cannot be read; the refusal stands
        }
    }

    // Measured: what others say they gave is not what is there. Where nothing is missing any more, somebody let go meanwhile. What could not be enough is not given for nothing:
    // whoever asks for more than there can be, again and again, would have everybody's memory given back.
    private bool MakesRoom(long bytes, ReclaimScope scope)
    {
        var available = headroom.Available();
        if (available >= bytes) return true;
        return reclaimer.CouldGive(bytes - available, scope) && reclaimer.Until(ReclaimReason.Allocation, () => bytes + Margin - headroom.Available(), scope).Given > 0;
    }
}

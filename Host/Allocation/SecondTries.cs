using DmaHeap.Hosting.Lifetime;
using DmaHeap.Hosting.Reclaim;

namespace DmaHeap.Hosting.Allocation;

/// <summary>
/// What may make an allocation succeed that was refused, each once, the cheaper first: buffers on their way out arrive, and somebody gives back what is missing. Of one allocation; nothing of
/// the try before is left when it is asked, and nobody is inside the heap on its behalf.
/// </summary>
internal struct SecondTries(LateReleases late, Relief relief)
{
    private readonly long _seen = late.Progress;
    private bool _caughtUp;
    private bool _relieved;

    /// <summary>Does what may help. False when nothing does, or all of it was done: then the refusal stands.</summary>
    /// <param name="refusal">Why the allocation failed.</param>
    /// <param name="bytes">What was asked for.</param>
    /// <param name="heap">The heap's name.</param>
    public bool AreWorthOneMore(HeapException refusal, long bytes, string heap)
    {
        if (!_caughtUp)
        {
            _caughtUp = true;
            if (MayBeForOneThatIsGone(refusal) && late.TryCatchUp(_seen)) return true;
        }

        if (_relieved) return false;
        _relieved = true;
        return relief.ForAllocation(refusal, bytes, heap);
    }

    // Who gave a buffer back and asks for another is not refused for the one that is gone, by a limit or by a heap that is full: its release is only a moment behind.
    private static bool MayBeForOneThatIsGone(HeapException refusal) =>
        refusal.Errno == HeapErrno.NoMemory && refusal.Cause is not (HeapCause.BufferLimit or HeapCause.LargerThanHeap);
}

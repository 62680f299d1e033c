namespace DmaHeap.Hosting.Reclaim;

/// <summary>What an allocation failed for.</summary>
internal enum Shortage
{
    /// <summary>Nothing that anybody could give back: a limit, a mistake, a fault.</summary>
    None,

    /// <summary>The machine or the host's control group has too little memory left.</summary>
    Headroom,

    /// <summary>The kernel has too little.</summary>
    Bytes,

    /// <summary>There are too few huge pages.</summary>
    HugePages,

    /// <summary>Room in the heap itself, of which it may keep some back.</summary>
    HeapsOwn,

    /// <summary>Descriptors or watches, which memory that lies ready has, too.</summary>
    Handles,
}

/// <summary>Tells shortages from refusals that giving back does not help.</summary>
internal static class Shortages
{
    public static Shortage Of(HeapException refusal) => (refusal.Errno, refusal.Cause) switch
    {
        (HeapErrno.TooManyOpenFiles, HeapCause.NoDescriptors) or (HeapErrno.NoSpace, HeapCause.NoWatches) => Shortage.Handles,
        (not HeapErrno.NoMemory, _) => Shortage.None,
        (_, HeapCause.NoHeadroom) => Shortage.Headroom,
        (_, HeapCause.NoHugePages) => Shortage.HugePages,
        (_, HeapCause.System) => Shortage.Bytes,
        (_, HeapCause.HeapLimit or HeapCause.UserLimit or HeapCause.HostLimit or HeapCause.BufferLimit or HeapCause.LargerThanHeap) => Shortage.None,
        _ => Shortage.HeapsOwn,
    };
}

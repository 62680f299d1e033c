namespace DmaHeap;

/// <summary>Why a buffer comes back to its heap.</summary>
public enum ReleaseReason
{
    /// <summary>The kernel reported that the last descriptor and mapping of the buffer are gone, in every process. The usual way.</summary>
    LastReferenceGone = 0,

    /// <summary>The buffer never reached a client: exporting it, or sending its descriptor, failed after <see cref="IHeap.Allocate"/> returned.</summary>
    ExportFailed = 1,

    /// <summary>
    /// The host stops while clients still hold the buffer. Its memory stays theirs until they let go of it,
    /// so a heap must not hand the same memory to somebody else.
    /// </summary>
    HostStopping = 2,

    /// <summary>
    /// The heap was replaced or taken out while clients still hold the buffer, and its time to drain is over: the heap is disposed next.
    /// The memory stays the clients', as with <see cref="HostStopping"/>.
    /// </summary>
    HeapStopping = 3,
}

namespace DmaHeap;

/// <summary>
/// Stable cause codes, sent to clients beside the errno and counted in statistics. A heap may use codes of its own;
/// these are the ones the framework and the shipped heaps use.
/// </summary>
public static class HeapCause
{
    /// <summary>The region has too few free bytes. ENOMEM.</summary>
    public const string Exhausted = "exhausted";

    /// <summary>Enough bytes are free, but not in one run. ENOMEM.</summary>
    public const string Fragmented = "fragmented";

    /// <summary>The request is larger than the heap could ever serve. ENOMEM.</summary>
    public const string LargerThanHeap = "larger-than-heap";

    /// <summary>The length is zero, negative or overflows when rounded up to pages. EINVAL.</summary>
    public const string BadLength = "bad-length";

    /// <summary>Unknown descriptor or heap flags. EINVAL.</summary>
    public const string BadFlags = "bad-flags";

    /// <summary>A name is too long or has characters that are not allowed. EINVAL.</summary>
    public const string BadName = "bad-name";

    /// <summary>A message or a combination of its fields makes no sense. EINVAL.</summary>
    public const string BadRequest = "bad-request";

    /// <summary>No heap of that name. ENOENT.</summary>
    public const string UnknownHeap = "unknown-heap";

    /// <summary>The descriptor or id shown is no buffer of this host. EINVAL.</summary>
    public const string UnknownBuffer = "unknown-buffer";

    /// <summary>The heap is configured but could not start here. ENODEV.</summary>
    public const string Unavailable = "unavailable";

    /// <summary>The caller may not use this heap. EACCES.</summary>
    public const string AccessDenied = "access-denied";

    /// <summary>The heap's configured limit would be exceeded. ENOMEM.</summary>
    public const string HeapLimit = "heap-limit";

    /// <summary>The host's limit over all heaps would be exceeded. ENOMEM.</summary>
    public const string HostLimit = "host-limit";

    /// <summary>The caller's user holds as much as one user may. ENOMEM.</summary>
    public const string UserLimit = "user-limit";

    /// <summary>The buffer is larger than any one buffer may be. ENOMEM.</summary>
    public const string BufferLimit = "buffer-limit";

    /// <summary>The machine or the host's cgroup has too little memory left to commit this much. ENOMEM.</summary>
    public const string NoHeadroom = "no-headroom";

    /// <summary>The pool of huge pages has too few left. ENOMEM.</summary>
    public const string NoHugePages = "no-huge-pages";

    /// <summary>The kernel offers no secret memory. ENODEV.</summary>
    public const string NoSecretMemory = "no-secret-memory";

    /// <summary>Physically contiguous memory of this size cannot be had here. ENOMEM, or ENODEV when the heap starts.</summary>
    public const string NotContiguous = "not-contiguous";

    /// <summary>The constraints of an importer cannot be met by this buffer's memory. EINVAL.</summary>
    public const string ConstraintsNotMet = "constraints-not-met";

    /// <summary>No attachment or mapping of that number is the caller's. EINVAL.</summary>
    public const string NotAttached = "not-attached";

    /// <summary>The attachment is mapped already; unmap it first. EBUSY.</summary>
    public const string AlreadyMapped = "already-mapped";

    /// <summary>An op without the one that comes before it: an unmap of what is not mapped, an end of what was not begun. EINVAL.</summary>
    public const string BadOrder = "bad-order";

    /// <summary>What one importer needs rules out what another one has or needs. EBUSY.</summary>
    public const string ConstraintsConflict = "constraints-conflict";

    /// <summary>Importers that the buffer waits for have not attached yet. EAGAIN.</summary>
    public const string ImportersMissing = "importers-missing";

    /// <summary>The heap does not trust this importer with its memory. EPERM.</summary>
    public const string ImporterDenied = "importer-denied";

    /// <summary>The part of a file or device asked for is another heap's region. EBUSY.</summary>
    public const string RangeInUse = "range-in-use";

    /// <summary>The system's inotify watches are used up. ENOSPC.</summary>
    public const string NoWatches = "no-watches";

    /// <summary>The host has no descriptor left. EMFILE.</summary>
    public const string NoDescriptors = "no-descriptors";

    /// <summary>The client leaves too many descriptors unread in its socket. EBUSY.</summary>
    public const string UndeliveredLimit = "undelivered-limit";

    /// <summary>The heap keeps no journal. EOPNOTSUPP.</summary>
    public const string NoJournal = "no-journal";

    /// <summary>The heap cannot be replaced now: its region is in use, or another change is under way. EBUSY.</summary>
    public const string HeapBusy = "heap-busy";

    /// <summary>A change of the host's heaps was refused, and what ran goes on. EINVAL, or the heap's own errno.</summary>
    public const string ChangeRefused = "change-refused";

    /// <summary>The heap threw something other than a <see cref="HeapException"/>, or broke the contract. EIO.</summary>
    public const string HeapFault = "heap-fault";

    /// <summary>The descriptor stood for memory that was lost with the host that kept it. EINVAL.</summary>
    public const string MemoryLost = "memory-lost";

    /// <summary>The request was withdrawn or its client is gone. EINTR.</summary>
    public const string Cancelled = "cancelled";

    /// <summary>The host is stopping. EIO.</summary>
    public const string Stopping = "stopping";

    /// <summary>A system call of the host failed in a way that has no cause of its own. The errno is the system's.</summary>
    public const string System = "system";
}

namespace DmaHeap;

/// <summary>
/// What a client asks of a heap. New members come with defaults, so a heap compiled against an older contract keeps working:
/// construct it with an object initializer, never by position.
/// </summary>
public readonly struct AllocationRequest
{
    /// <summary>A request of zero bytes; <see cref="Length"/> is to be set.</summary>
    public AllocationRequest()
    {
    }

    /// <summary>Bytes asked for: positive and a multiple of the machine's page size. A heap may hand out more, never less.</summary>
    public required long Length { get; init; }

    /// <summary>Alignment the caller needs, in bytes: 0 for none, else a power of two.</summary>
    public long Alignment { get; init; }

    /// <summary>Heap flags of the ALLOC ioctl. The kernel defines none yet, so the host refuses any but 0 (EINVAL) before a heap sees them.</summary>
    public ulong HeapFlags { get; init; }

    /// <summary>Name the caller gave the buffer, empty when none; at most 31 characters.</summary>
    public string Name { get; init; } = "";

    /// <summary>Who asks, as the kernel told the host: never what a message claimed.</summary>
    public Caller Caller { get; init; } = Caller.Unknown;

    /// <summary>Names the request in every log; given by the host. Buffers asked for at once share one.</summary>
    public RequestId RequestId { get; init; }

    /// <summary>When memory is to be taken from the system.</summary>
    public CommitPolicy Commit { get; init; } = CommitPolicy.Lazy;

    /// <summary>True when the CPU may cache the buffer, as on every heap unless its configuration says otherwise.</summary>
    public bool Cached { get; init; } = true;

    /// <summary>Most segments an importer can take; 0 for no limit.</summary>
    public int MaxSegments { get; init; }

    /// <summary>How many importers will attach before memory is needed; 0 when unknown. Attach-time heaps wait for that many.</summary>
    public int ExpectedImporters { get; init; }
}

using DmaHeap.Hosting.Memory.Recycling;

namespace DmaHeap.Hosting;

/// <summary>What a client asks of the host, before anything was checked. Construct it with an object initializer; members may be added.</summary>
public readonly struct BufferRequest
{
    /// <summary>A request; heap and length are to be set.</summary>
    public BufferRequest()
    {
    }

    /// <summary>Name or alias of the heap.</summary>
    public required string Heap { get; init; }

    /// <summary>Bytes, rounded up to pages by the host.</summary>
    public required ulong Length { get; init; }

    /// <summary>Access mode and O_CLOEXEC, as the ALLOC ioctl's fd_flags.</summary>
    public uint FileFlags { get; init; } = 2;

    /// <summary>As the ALLOC ioctl's heap_flags: 0.</summary>
    public ulong HeapFlags { get; init; }

    /// <summary>Name of the buffer; at most 31 bytes.</summary>
    public string Name { get; init; } = "";

    /// <summary>On whose behalf.</summary>
    public required Caller Caller { get; init; }

    /// <summary>Importers that will attach before memory is needed.</summary>
    public int ExpectedImporters { get; init; }

    /// <summary>Alignment of the buffer in bytes: 0 for none, else a power of two.</summary>
    public ulong Alignment { get; init; }

    /// <summary>Most segments the importers that will attach can take; 0 for no limit.</summary>
    public int MaxSegments { get; init; }

    /// <summary>Whom the caller may share memory with over time, found out when it matters; null for nobody.</summary>
    internal Lazy<TrustDomain?>? Domain { get; init; }

    /// <summary>Told, on another thread, when the heap does not come back from deciding how the buffer is exported: whoever waits hears it then, and not when the heap is back.</summary>
    internal IEarlyAnswer? WhenGivenUp { get; init; }
}

/// <summary>Whoever waits for an allocation and can be told on another thread that its heap does not come back.</summary>
internal interface IEarlyAnswer
{
    /// <summary>A watchdog has it from now on, and may use it at any time: it is good for no other request.</summary>
    void HandOut();

    void Send(HeapException refusal);
}

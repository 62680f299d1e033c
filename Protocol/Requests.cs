using System.Runtime.InteropServices;

namespace DmaHeap.Protocol;

/// <summary>First message of a connection.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct HelloRequest
{
    /// <summary>Common header.</summary>
    public MessageHeader Header;

    /// <summary><see cref="ProtocolConstants.Magic"/>.</summary>
    public uint Magic;

    /// <summary>The client's <see cref="ProtocolConstants.MajorVersion"/>.</summary>
    public ushort Major;

    /// <summary>The client's <see cref="ProtocolConstants.MinorVersion"/>.</summary>
    public ushort Minor;

    /// <summary>Features the client can use.</summary>
    public ProtocolFeatures Features;
}

/// <summary>Abilities either side may lack. Used only when both have them.</summary>
[Flags]
public enum ProtocolFeatures : ulong
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>The hello is answered with a <see cref="NumberedHelloReply"/>, so that the client can name its requests as the host's log does.</summary>
    ConnectionNumber = 1,
}

/// <summary>Asks for heaps and aliases, some at a time.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct ListHeapsRequest
{
    /// <summary>Common header.</summary>
    public MessageHeader Header;

    /// <summary>How many entries to pass over.</summary>
    public uint Start;

    /// <summary>Reserved, zero.</summary>
    public uint Reserved;
}

/// <summary>Asks for one or more buffers of one size.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct AllocateRequest
{
    /// <summary>Bytes of the message without what follows the name, which a sender may leave out.</summary>
    public const int FirstSize = 144;

    /// <summary>Common header.</summary>
    public MessageHeader Header;

    /// <summary>Bytes of each buffer; rounded up to pages by the host.</summary>
    public ulong Length;

    /// <summary>Access mode and O_CLOEXEC of the descriptors, as in the ALLOC ioctl's fd_flags. Anything else is EINVAL.</summary>
    public uint FileFlags;

    /// <summary>How many buffers: 1 to <see cref="ProtocolConstants.MaxDescriptors"/>.</summary>
    public uint Count;

    /// <summary>As in the ALLOC ioctl: 0, anything else is EINVAL.</summary>
    public ulong HeapFlags;

    /// <summary>How to take the count.</summary>
    public AllocateOptions Options;

    /// <summary>Importers that will attach before memory is needed; 0 when unknown.</summary>
    public uint ExpectedImporters;

    /// <summary>Name or alias of the heap.</summary>
    public Text64 Heap;

    /// <summary>Name of the buffers; may be empty.</summary>
    public Text32 Name;

    /// <summary>Alignment of the buffers in bytes: 0 for none, else a power of two.</summary>
    public ulong Alignment;

    /// <summary>Most segments the importers that will attach can take; 0 for no limit.</summary>
    public uint MaxSegments;

    /// <summary>Reserved, zero.</summary>
    public uint Reserved;
}

/// <summary>Options of <see cref="AllocateRequest"/>.</summary>
[Flags]
public enum AllocateOptions : uint
{
    /// <summary>All the buffers or none.</summary>
    None = 0,

    /// <summary>As many as fit, at least one: in the order asked for, up to the first that cannot be had.</summary>
    AsManyAsFit = 1,
}

/// <summary>Shows a descriptor and asks what it is.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct DescribeRequest
{
    /// <summary>Common header.</summary>
    public MessageHeader Header;
}

/// <summary>Shows a descriptor and names its buffer, as DMA_BUF_SET_NAME does. The reply is a <see cref="DoneReply"/>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct SetNameRequest
{
    /// <summary>Common header.</summary>
    public MessageHeader Header;

    /// <summary>The new name; empty takes the name away.</summary>
    public Text32 Name;
}

/// <summary>Shows a descriptor of a buffer that a host before this one handed out, to have it adopted.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct AdoptRequest
{
    /// <summary>Common header.</summary>
    public MessageHeader Header;

    /// <summary>Its id under that host, for this one's log; zeros where it is not known.</summary>
    public BufferId Former;

    /// <summary>Its name; empty for the one it was allocated with.</summary>
    public Text32 Name;
}

/// <summary>Asks for counters.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct StatisticsRequest
{
    /// <summary>Common header.</summary>
    public MessageHeader Header;

    /// <summary>Name or alias of a heap; empty for the host as a whole.</summary>
    public Text64 Heap;
}

/// <summary>Withdraws a request of the same connection. That request answers EINTR, or as if nothing had been when it was too late.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct CancelRequest
{
    /// <summary>Common header.</summary>
    public MessageHeader Header;

    /// <summary>The request to withdraw.</summary>
    public ulong Target;
}

/// <summary>Shows a descriptor and begins or ends CPU access to its buffer. The reply is a <see cref="DoneReply"/>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct CpuAccessRequest
{
    /// <summary>Common header.</summary>
    public MessageHeader Header;

    /// <summary>The flags of DMA_BUF_IOCTL_SYNC: READ 1, WRITE 2, START 0, END 4.</summary>
    public ulong SyncFlags;
}

/// <summary>Asks for live buffers, some at a time, in the order they were made. A caller sees its own user's; root and the host's user see all.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct ListBuffersRequest
{
    /// <summary>Common header.</summary>
    public MessageHeader Header;

    /// <summary>Only buffers with a greater <see cref="BufferId.Sequence"/>; 0 from the start.</summary>
    public ulong After;

    /// <summary>Only this heap's (name or alias); empty for all.</summary>
    public Text64 Heap;
}

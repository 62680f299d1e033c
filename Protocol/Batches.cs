using System.Runtime.InteropServices;

namespace DmaHeap.Protocol;

/// <summary>Asks for buffers of several sizes at once. <see cref="SizeCount"/> entries of type <see cref="BatchSize"/> follow.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct AllocateBatchRequest
{
    /// <summary>Common header.</summary>
    public MessageHeader Header;

    /// <summary>As <see cref="AllocateRequest.FileFlags"/>.</summary>
    public uint FileFlags;

    /// <summary>How many sizes follow: 1 to <see cref="ProtocolConstants.MaxDescriptors"/>.</summary>
    public uint SizeCount;

    /// <summary>As in the ALLOC ioctl: 0, anything else is EINVAL.</summary>
    public ulong HeapFlags;

    /// <summary>How to take the sizes.</summary>
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

/// <summary>Some buffers of one size, in an <see cref="AllocateBatchRequest"/>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct BatchSize
{
    /// <summary>Bytes of each; rounded up to pages by the host.</summary>
    public ulong Length;

    /// <summary>How many, at least 1. All of a request are at most <see cref="ProtocolConstants.MaxDescriptors"/> together.</summary>
    public uint Count;

    /// <summary>Reserved, zero.</summary>
    public uint Reserved;
}

/// <summary>
/// Head of the reply to <see cref="AllocateBatchRequest"/>: as many descriptors as <see cref="Count"/> come with the message, and as many entries of <see cref="EntrySize"/> bytes
/// follow, each a <see cref="BatchBuffer"/>, in the order of the descriptors and of the sizes asked for.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct AllocateBatchReply
{
    /// <summary>Common header.</summary>
    public MessageHeader Header;

    /// <summary>Buffers allocated, at least 1; fewer than asked for only with <see cref="AllocateOptions.AsManyAsFit"/>, and then the first ones.</summary>
    public uint Count;

    /// <summary>Bytes of each entry.</summary>
    public uint EntrySize;

    /// <summary>Why there are no more; 0 when all came.</summary>
    public int StoppedBy;

    /// <summary>Reserved, zero.</summary>
    public uint Reserved;
}

/// <summary>One buffer of an <see cref="AllocateBatchReply"/>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct BatchBuffer
{
    /// <summary>Its id.</summary>
    public BufferId Id;

    /// <summary>Bytes.</summary>
    public ulong Length;

    /// <summary>What it is.</summary>
    public BufferFlags Flags;

    /// <summary>Bytes of each page.</summary>
    public uint PageSize;
}

using System.Runtime.InteropServices;

namespace DmaHeap.Protocol;

/// <summary>
/// Shows a descriptor and attaches the sender to its buffer as an importer. The reply is a <see cref="DoneReply"/>. The sender numbers its attachments itself, so that what
/// follows can be sent without waiting for the reply.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct AttachBufferRequest
{
    /// <summary>Common header.</summary>
    public MessageHeader Header;

    /// <summary>The sender's number for the attachment; none of its own that is in use.</summary>
    public ulong Attachment;

    /// <summary>Alignment each segment's start needs, in bytes: 0 for none, else a power of two.</summary>
    public ulong Alignment;

    /// <summary>Longest segment in bytes; 0 for no limit.</summary>
    public ulong MaxSegmentBytes;

    /// <summary>Most segments; 0 for no limit.</summary>
    public uint MaxSegments;

    /// <summary>What else it needs.</summary>
    public AttachFlags Flags;

    /// <summary>What it needs of the CPU's cache: 0 anything, 1 cached memory, 2 uncached memory.</summary>
    public uint Caching;

    /// <summary>Which way it will move data, as the kernel's <c>enum dma_data_direction</c>: 0 both, 1 to the device, 2 from the device.</summary>
    public uint Direction;
}

/// <summary>Flags of <see cref="AttachBufferRequest"/>.</summary>
[Flags]
public enum AttachFlags : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>The memory must be physically contiguous.</summary>
    Contiguous = 1,
}

/// <summary>Maps an attachment. The reply is a <see cref="MapReply"/>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct MapRequest
{
    /// <summary>Common header.</summary>
    public MessageHeader Header;

    /// <summary>The sender's number for the attachment.</summary>
    public ulong Attachment;

    /// <summary>Which way data will move, as in <see cref="AttachBufferRequest"/>.</summary>
    public uint Direction;

    /// <summary>Reserved, zero.</summary>
    public uint Reserved;
}

/// <summary>Takes back an attachment's mapping. The reply is a <see cref="DoneReply"/>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct UnmapRequest
{
    /// <summary>Common header.</summary>
    public MessageHeader Header;

    /// <summary>The sender's number for the attachment.</summary>
    public ulong Attachment;
}

/// <summary>Ends an attachment; what is still mapped is unmapped first. The reply is a <see cref="DoneReply"/>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct DetachRequest
{
    /// <summary>Common header.</summary>
    public MessageHeader Header;

    /// <summary>The sender's number for the attachment, free to be used again from now on.</summary>
    public ulong Attachment;
}

/// <summary>Shows a descriptor and asks for the whole buffer as one range that a CPU can map. The reply is a <see cref="MapReply"/> of one segment.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct VmapRequest
{
    /// <summary>Common header.</summary>
    public MessageHeader Header;

    /// <summary>The sender's number for it; none of its own that is in use for another vmap.</summary>
    public ulong Mapping;
}

/// <summary>Takes back what a <see cref="VmapRequest"/> gave. The reply is a <see cref="DoneReply"/>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct VunmapRequest
{
    /// <summary>Common header.</summary>
    public MessageHeader Header;

    /// <summary>The sender's number for it, free to be used again from now on.</summary>
    public ulong Mapping;
}

/// <summary>
/// Memory for an importer: <see cref="Count"/> entries of type <see cref="SegmentEntry"/> follow, in the order of the buffer, and <see cref="Descriptors"/> descriptors come with
/// the message.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct MapReply
{
    /// <summary>Common header.</summary>
    public MessageHeader Header;

    /// <summary>Segments.</summary>
    public uint Count;

    /// <summary>Descriptors that come with the message.</summary>
    public uint Descriptors;
}

/// <summary>A range of memory in a <see cref="MapReply"/>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct SegmentEntry
{
    /// <summary>First byte in the descriptor's file.</summary>
    public ulong Offset;

    /// <summary>Bytes.</summary>
    public ulong Length;

    /// <summary>Which of the message's descriptors, from 0.</summary>
    public uint Descriptor;

    /// <summary>Reserved, zero.</summary>
    public uint Reserved;
}

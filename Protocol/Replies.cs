using System.Runtime.InteropServices;

namespace DmaHeap.Protocol;

/// <summary>A request failed, or (request id 0, <see cref="ErrorFlags.Fatal"/>) the host is about to close the connection and says why.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct ErrorReply
{
    /// <summary>Common header; its kind is <see cref="MessageKind.Error"/>.</summary>
    public MessageHeader Header;

    /// <summary>Linux errno, positive.</summary>
    public int Errno;

    /// <summary>More about it.</summary>
    public ErrorFlags Flags;

    /// <summary>Stable cause code.</summary>
    public Text32 Cause;

    /// <summary>A sentence for people.</summary>
    public Text448 Message;
}

/// <summary>Flags of <see cref="ErrorReply"/>.</summary>
[Flags]
public enum ErrorFlags : uint
{
    /// <summary>The connection goes on.</summary>
    None = 0,

    /// <summary>The connection is closed after this message.</summary>
    Fatal = 1,
}

/// <summary>The request was carried out and there is nothing more to say.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct DoneReply
{
    /// <summary>Common header.</summary>
    public MessageHeader Header;
}

/// <summary>The host's answer to a hello.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct HelloReply
{
    /// <summary>Common header.</summary>
    public MessageHeader Header;

    /// <summary><see cref="ProtocolConstants.Magic"/>.</summary>
    public uint Magic;

    /// <summary>The host's major version.</summary>
    public ushort Major;

    /// <summary>The host's minor version.</summary>
    public ushort Minor;

    /// <summary>Features both sides have.</summary>
    public ProtocolFeatures Features;

    /// <summary>Identifies this run of the host; the upper half of its buffers' ids.</summary>
    public ulong Epoch;

    /// <summary>Largest message in bytes.</summary>
    public uint MaxMessageBytes;

    /// <summary>Most descriptors in one message.</summary>
    public uint MaxDescriptors;

    /// <summary>The machine's page size in bytes.</summary>
    public uint PageSize;

    /// <summary>The host's process id, as it sees itself.</summary>
    public int ProcessId;
}

/// <summary>The host's answer to a hello that offered <see cref="ProtocolFeatures.ConnectionNumber"/>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct NumberedHelloReply
{
    /// <summary>As without the feature, but for the size in its header.</summary>
    public HelloReply Hello;

    /// <summary>The connection's number in the host's log; from 1. Requests are named by it and their own number: <c>7-42</c>.</summary>
    public ulong Connection;
}

/// <summary>
/// Head of a reply with a list. <see cref="Count"/> entries of <see cref="EntrySize"/> bytes follow; a client that knows a shorter entry reads its
/// beginning and steps by <see cref="EntrySize"/>.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct ListReply
{
    /// <summary>Common header.</summary>
    public MessageHeader Header;

    /// <summary>Entries in this message.</summary>
    public uint Count;

    /// <summary>Bytes of each entry.</summary>
    public uint EntrySize;

    /// <summary>1 when asking on would bring more, else 0.</summary>
    public uint More;

    /// <summary>Reserved, zero.</summary>
    public uint Reserved;
}

/// <summary>One heap, or one alias of one, in a reply to <see cref="ListHeapsRequest"/>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct HeapEntry
{
    /// <summary>Name or alias.</summary>
    public Text64 Name;

    /// <summary>The heap's name when this is an alias; else empty.</summary>
    public Text64 AliasOf;

    /// <summary>Name of the plugin.</summary>
    public Text64 Plugin;

    /// <summary>Whether it can be used.</summary>
    public HeapState State;

    /// <summary>What its buffers can be relied on for: <c>CpuMappable</c> 1, <c>ZeroFilled</c> 2, <c>FixedCapacity</c> 4, <c>Unmappable</c> 8.</summary>
    public uint Capabilities;

    /// <summary>Why it cannot be used; empty when it can.</summary>
    public Text256 Reason;
}

/// <summary>State of a heap.</summary>
public enum HeapState : uint
{
    /// <summary>Serves.</summary>
    Active = 1,

    /// <summary>Could not start here; see the reason.</summary>
    Unavailable = 2,

    /// <summary>Did not come back from an op, or broke in another way that only a new start mends; see the reason. It answers EIO.</summary>
    Faulted = 3,
}

/// <summary>
/// Buffers were allocated: as many descriptors come with the message. <see cref="Count"/> ids of 16 bytes follow, in the order of the descriptors.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct AllocateReply
{
    /// <summary>Common header.</summary>
    public MessageHeader Header;

    /// <summary>Buffers allocated; fewer than asked for only with <see cref="AllocateOptions.AsManyAsFit"/>.</summary>
    public uint Count;

    /// <summary>Why there are no more; 0 when all came.</summary>
    public int StoppedBy;

    /// <summary>Bytes of each buffer.</summary>
    public ulong Length;

    /// <summary>What each is.</summary>
    public BufferFlags Flags;

    /// <summary>Bytes of each page as it is mapped now: 2 MiB also where the kernel put small pages together, which it may part again. <see cref="BufferFlags.Contiguous"/> alone is a promise.</summary>
    public uint PageSize;
}

/// <summary>What a buffer is.</summary>
[Flags]
public enum BufferFlags : uint
{
    /// <summary>Plain memory.</summary>
    None = 0,

    /// <summary>The descriptor cannot be mapped, read or written.</summary>
    Opaque = 1,

    /// <summary>The heap wants to know of CPU access: send <see cref="CpuAccessRequest"/>. Without this flag it may be left out.</summary>
    CpuAccessHooks = 2,

    /// <summary>The whole buffer is physically contiguous, as the host verified.</summary>
    Contiguous = 4,

    /// <summary>The memory behind it is secret.</summary>
    Secret = 8,

    /// <summary>It was allocated from a host before this one, and adopted.</summary>
    Adopted = 16,

    /// <summary>All of its pages are there already, so that populating a mapping (MAP_POPULATE) takes no memory and zeroes nothing. As it was when the host said so.</summary>
    Resident = 32,
}

/// <summary>One live buffer: the reply to <see cref="DescribeRequest"/> after a header, and an entry of the reply to <see cref="ListBuffersRequest"/>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct BufferEntry
{
    /// <summary>Its id.</summary>
    public BufferId Id;

    /// <summary>Bytes.</summary>
    public ulong Length;

    /// <summary>Age in nanoseconds.</summary>
    public ulong AgeNanoseconds;

    /// <summary>What it is.</summary>
    public BufferFlags Flags;

    /// <summary>Bytes of each page.</summary>
    public uint PageSize;

    /// <summary>User who allocated it.</summary>
    public uint UserId;

    /// <summary>Process that allocated it; it may be gone.</summary>
    public int ProcessId;

    /// <summary>Importers attached.</summary>
    public uint Attachments;

    /// <summary>Reserved, zero.</summary>
    public uint Reserved;

    /// <summary>Its heap.</summary>
    public Text64 Heap;

    /// <summary>Its name; may be empty.</summary>
    public Text32 Name;
}

/// <summary>Reply to <see cref="DescribeRequest"/>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct DescribeReply
{
    /// <summary>Common header.</summary>
    public MessageHeader Header;

    /// <summary>The buffer.</summary>
    public BufferEntry Buffer;
}

/// <summary>Reply to <see cref="AdoptRequest"/>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct AdoptReply
{
    /// <summary>Common header.</summary>
    public MessageHeader Header;

    /// <summary>The buffer, with the id it has from now on.</summary>
    public BufferEntry Buffer;
}

/// <summary>Reply to <see cref="StatisticsRequest"/>. <see cref="CauseCount"/> entries of type <see cref="CauseEntry"/> follow.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct StatisticsReply
{
    /// <summary>Common header.</summary>
    public MessageHeader Header;

    /// <summary>Buffers alive.</summary>
    public ulong Buffers;

    /// <summary>Bytes alive.</summary>
    public ulong Bytes;

    /// <summary>Most bytes alive at one time.</summary>
    public ulong PeakBytes;

    /// <summary>Allocations that succeeded.</summary>
    public ulong Allocations;

    /// <summary>Buffers released.</summary>
    public ulong Releases;

    /// <summary>Allocations that failed.</summary>
    public ulong Failures;

    /// <summary>Limit in bytes; 0 for none.</summary>
    public ulong LimitBytes;

    /// <summary>1 when the heap has gauges and the three that follow mean something, else 0.</summary>
    public uint HasGauges;

    /// <summary>How many causes follow.</summary>
    public uint CauseCount;

    /// <summary>Size of the heap's region in bytes.</summary>
    public ulong Capacity;

    /// <summary>Bytes of it not handed out.</summary>
    public ulong Free;

    /// <summary>Longest free run in bytes.</summary>
    public ulong LargestRun;

    /// <summary>Bytes of memory that is ready for the next buffers.</summary>
    public ulong PoolBytes;

    /// <summary>How many buffers that is.</summary>
    public ulong PoolBuffers;

    /// <summary>Buffers that were ready when they were asked for.</summary>
    public ulong PoolHits;

    /// <summary>Buffers that a pool is for, and that were not.</summary>
    public ulong PoolMisses;

    /// <summary>Bytes ever made ready.</summary>
    public ulong PoolFilledBytes;

    /// <summary>Bytes of them that went back to the system unused.</summary>
    public ulong PoolGivenBackBytes;

    /// <summary>Bytes alive that are charged to the host's control group: committed, from a pool, of huge pages.</summary>
    public ulong HostPaidBytes;

    /// <summary>Bytes alive whose pages are charged to whoever touches each first.</summary>
    public ulong ToucherPaidBytes;

    /// <summary>Buffers whose file one of the same trust domain had before, and gave back.</summary>
    public ulong Recycled;
}

/// <summary>How often allocations failed for one cause.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct CauseEntry
{
    /// <summary>Cause code.</summary>
    public Text32 Cause;

    /// <summary>How often.</summary>
    public ulong Count;
}

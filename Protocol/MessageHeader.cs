using System.Runtime.InteropServices;

namespace DmaHeap.Protocol;

/// <summary>The first 16 bytes of every message. All numbers of the protocol are little-endian.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct MessageHeader
{
    /// <summary>Bytes of the whole message, this header included: the length of the packet.</summary>
    public uint Size;

    /// <summary>What the message is.</summary>
    public MessageKind Kind;

    /// <summary>Reserved, zero.</summary>
    public ushort Flags;

    /// <summary>Chosen by the client, returned in the reply; 0 in messages that answer no request.</summary>
    public ulong RequestId;
}

/// <summary>What a message is. A reply has its request's number with the top bit set.</summary>
public enum MessageKind : ushort
{
    /// <summary>Client: first message of a connection. <see cref="HelloRequest"/>.</summary>
    Hello = 1,

    /// <summary>Client: which heaps are there? <see cref="ListHeapsRequest"/>.</summary>
    ListHeaps = 2,

    /// <summary>Client: allocate buffers. <see cref="AllocateRequest"/>.</summary>
    Allocate = 3,

    /// <summary>Client: what is this descriptor? Carries exactly one descriptor. <see cref="DescribeRequest"/>.</summary>
    Describe = 4,

    /// <summary>Client: name this buffer. Carries exactly one descriptor. <see cref="SetNameRequest"/>.</summary>
    SetName = 5,

    /// <summary>Client: counters of a heap or of the host. <see cref="StatisticsRequest"/>.</summary>
    Statistics = 6,

    /// <summary>Client: withdraw a request that is under way. Has no reply of its own. <see cref="CancelRequest"/>.</summary>
    Cancel = 7,

    /// <summary>Client: begin or end CPU access. Carries exactly one descriptor. <see cref="CpuAccessRequest"/>.</summary>
    CpuAccess = 8,

    /// <summary>Client: which buffers live? <see cref="ListBuffersRequest"/>.</summary>
    ListBuffers = 9,

    /// <summary>Client: attach to this buffer. Carries exactly one descriptor. <see cref="AttachBufferRequest"/>.</summary>
    Attach = 20,

    /// <summary>Client: give me the memory. <see cref="MapRequest"/>.</summary>
    Map = 21,

    /// <summary>Client: take it back. <see cref="UnmapRequest"/>.</summary>
    Unmap = 22,

    /// <summary>Client: end an attachment. <see cref="DetachRequest"/>.</summary>
    Detach = 23,

    /// <summary>Client: this buffer as one range for a CPU. Carries exactly one descriptor. <see cref="VmapRequest"/>.</summary>
    Vmap = 24,

    /// <summary>Client: take that range back. <see cref="VunmapRequest"/>.</summary>
    Vunmap = 25,

    /// <summary>Client: put another plugin in a heap's place. Carries exactly one descriptor. <see cref="SwapRequest"/>.</summary>
    Swap = 30,

    /// <summary>Client: put the heap back. <see cref="RestoreRequest"/>.</summary>
    Restore = 31,

    /// <summary>Client: start a heap anew. <see cref="RestartRequest"/>.</summary>
    Restart = 32,

    /// <summary>Client: read the configuration again. <see cref="ReloadRequest"/>.</summary>
    Reload = 33,

    /// <summary>Client: how are the heaps? The reply carries exactly one descriptor. <see cref="StatusRequest"/>.</summary>
    Status = 34,

    /// <summary>Client: what does the heap's journal say? <see cref="JournalRequest"/>.</summary>
    Journal = 40,

    /// <summary>Client: take over this buffer of a host before you. Carries exactly one descriptor. <see cref="AdoptRequest"/>.</summary>
    Adopt = 50,

    /// <summary>Client: allocate buffers of several sizes. <see cref="AllocateBatchRequest"/>.</summary>
    AllocateBatch = 60,

    /// <summary>Client: this buffer may be another one, I am done with it. Carries exactly one descriptor. <see cref="GiveBackRequest"/>.</summary>
    GiveBack = 61,

    /// <summary>Client: give memory back to the system. <see cref="ShrinkRequest"/>.</summary>
    Shrink = 62,

    /// <summary>Lowest number of host-to-client events, all reserved: a client ignores those it does not know. They end below <see cref="ReplyBit"/>.</summary>
    FirstEvent = 0x4000,

    /// <summary>Set in the reply to a request.</summary>
    ReplyBit = 0x8000,

    /// <summary>Host: a request failed, or the connection is about to be closed. <see cref="ErrorReply"/>.</summary>
    Error = 0xFFFF,
}

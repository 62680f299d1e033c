using System.Runtime.InteropServices;

namespace DmaHeap.Protocol;

/// <summary>Has the host give memory back to the system. The reply is a <see cref="ListReply"/> of <see cref="ShrinkEntry"/>. For root and the host's user.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct ShrinkRequest
{
    /// <summary>Common header.</summary>
    public MessageHeader Header;

    /// <summary>How many bytes are wanted; 0 for all there is.</summary>
    public ulong Bytes;

    /// <summary>Name or alias of the heap that is to give it; empty for whoever has some.</summary>
    public Text64 Heap;
}

/// <summary>One source of memory that was asked, in the order in which they were.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct ShrinkEntry
{
    /// <summary>Bytes it said it could give, before it was asked.</summary>
    public ulong Count;

    /// <summary>Bytes it was asked for.</summary>
    public ulong Wanted;

    /// <summary>Bytes it gave back.</summary>
    public ulong Given;

    /// <summary>How long that took, in microseconds.</summary>
    public ulong Microseconds;

    /// <summary>What became of it.</summary>
    public ShrinkResult Result;

    /// <summary>Reserved, zero.</summary>
    public uint Reserved;

    /// <summary>What it is.</summary>
    public Text64 Source;
}

/// <summary>What became of asking a source of memory.</summary>
public enum ShrinkResult : uint
{
    /// <summary>It answered.</summary>
    Done = 0,

    /// <summary>It threw, or said what cannot be; the host's log has more.</summary>
    Failed = 1,

    /// <summary>It was being asked already, and did not answer meanwhile.</summary>
    Busy = 2,

    /// <summary>It did not come back in time; its heap is faulted.</summary>
    Stuck = 3,
}

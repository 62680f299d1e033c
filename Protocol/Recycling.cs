using System.Runtime.InteropServices;

namespace DmaHeap.Protocol;

/// <summary>
/// Gives a buffer back whose descriptor comes with the message, so that its file may be another buffer of the same trust domain. The client closes its descriptors and unmaps its mappings, at the
/// latest when the reply is there.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct GiveBackRequest
{
    /// <summary>Common header.</summary>
    public MessageHeader Header;
}

/// <summary>Reply to <see cref="GiveBackRequest"/>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct GiveBackReply
{
    /// <summary>Common header.</summary>
    public MessageHeader Header;

    /// <summary>1 when the host goes on to see whether nobody else has the buffer, which is not decided yet; 0 when it cannot be recycled, and ends with its last reference as any other.</summary>
    public uint Taken;

    /// <summary>Reserved, zero.</summary>
    public uint Reserved;
}

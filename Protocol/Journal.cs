using System.Runtime.InteropServices;

namespace DmaHeap.Protocol;

/// <summary>Asks for lines of a heap's journal. Root and the host's user may.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct JournalRequest
{
    /// <summary>Common header.</summary>
    public MessageHeader Header;

    /// <summary>Number of the last line known; 0 to begin at the oldest that is kept.</summary>
    public ulong After;

    /// <summary>Name or alias of the heap.</summary>
    public Text64 Heap;
}

/// <summary>Reply to <see cref="JournalRequest"/>. <see cref="Bytes"/> bytes of UTF-8 follow: lines, each a JSON object and ended by a line feed.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct JournalReply
{
    /// <summary>Common header.</summary>
    public MessageHeader Header;

    /// <summary>Number of the last of these lines, or the number asked for where there are none.</summary>
    public ulong Last;

    /// <summary>Lines after the one asked for that were not kept; they came before these.</summary>
    public ulong Dropped;

    /// <summary>Bytes of text that follow.</summary>
    public uint Bytes;

    /// <summary>1 when asking on would bring more at once, else 0.</summary>
    public uint More;
}

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using DmaHeap.Hosting.Buffers;
using DmaHeap.Hosting.Heaps;
using DmaHeap.Protocol;

namespace DmaHeap.Hosting.Server;

/// <summary>Writes a part of a heap's journal.</summary>
internal static class JournalReplies
{
    // As many of the longest as a message holds; of usual ones some thirty.
    private const int MostLines = 128;

    /// <returns>Length of the packet.</returns>
    /// <exception cref="HeapException">EOPNOTSUPP: the heap keeps no journal. EIO: the heap failed.</exception>
    public static int Write(Span<byte> packet, ulong requestId, BufferOps ops, HeapSlot slot, long after)
    {
        var page = ops.ReadJournal(slot, after, MostLines);
        var head = Unsafe.SizeOf<JournalReply>();
        var at = head;
        var written = 0;
        foreach (var line in page.Lines)
        {
            var bytes = Encoding.UTF8.GetByteCount(line) + 1;
            if (at + bytes > ProtocolConstants.MaxMessageBytes) break;
            at += Encoding.UTF8.GetBytes(line, packet[at..]);
            packet[at++] = (byte)'\n';
            written++;
        }

        var reply = new JournalReply
        {
            Header = new MessageHeader { Size = (uint)at, Kind = MessageKind.Journal | MessageKind.ReplyBit, RequestId = requestId },
            Last = (ulong)(page.Last - (page.Lines.Count - written)),
            Dropped = (ulong)page.Dropped,
            Bytes = (uint)(at - head),
            More = written < page.Lines.Count || page.Lines.Count == MostLines ? 1u : 0u,
        };
        MemoryMarshal.Write(packet, in reply);
        return at;
    }
}

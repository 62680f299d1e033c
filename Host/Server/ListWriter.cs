using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DmaHeap.Protocol;

namespace DmaHeap.Hosting.Server;

/// <summary>Writes a list straight into the packet that carries it, as far as entries fit.</summary>
/// <typeparam name="T">The entry's struct.</typeparam>
/// <param name="packet">Where to write; of it at most the protocol's largest message is used.</param>
internal ref struct ListWriter<T>(Span<byte> packet)
    where T : unmanaged
{
    private readonly Span<byte> _packet = packet[..Math.Min(packet.Length, ProtocolConstants.MaxMessageBytes)];
    private int _count;
    private bool _more;

    private static int Head => Unsafe.SizeOf<ListReply>();

    /// <summary>False when the packet is full: there are more, for another request.</summary>
    public bool TryAdd(in T entry)
    {
        var at = Head + _count * Unsafe.SizeOf<T>();
        _more = at > _packet.Length - Unsafe.SizeOf<T>();
        if (_more) return false;
        MemoryMarshal.Write(_packet[at..], in entry);
        _count++;
        return true;
    }

    /// <returns>The packet.</returns>
    public readonly ReadOnlySpan<byte> Finish(ulong requestId, MessageKind kind)
    {
        var length = Head + _count * Unsafe.SizeOf<T>();
        var reply = new ListReply
        {
            Header = new MessageHeader { Size = (uint)length, Kind = kind | MessageKind.ReplyBit, RequestId = requestId },
            Count = (uint)_count,
            EntrySize = (uint)Unsafe.SizeOf<T>(),
            More = _more ? 1u : 0u,
        };
        MemoryMarshal.Write(_packet, in reply);
        return _packet[..length];
    }
}

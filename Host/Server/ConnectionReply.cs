using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DmaHeap.Hosting.Importers;
using DmaHeap.Hosting.Ops;
using DmaHeap.Linux;
using DmaHeap.Protocol;

namespace DmaHeap.Hosting.Server;

/// <summary>Answers a client's requests for ops, from whatever thread carried each out or gave it up.</summary>
internal sealed class ConnectionReply(Connection connection, UndeliveredCap cap) : IOpReply
{
    public void Routed() => connection.EndReading();

    public HeapException? Done(in MessageHeader request, MappedMemory? memory)
    {
        if (memory is null)
        {
            RequestFields.Done(connection, request);
            return null;
        }

        try
        {
            cap.Reserve(connection, memory.Descriptors.Length);
        }
        catch (HeapException refusal)
        {
            return refusal;
        }

        var errno = Send(in request, memory);
        if (errno == Errno.None) return null;
        cap.Return(connection, memory.Descriptors.Length);
        return RequestFields.NotSent(errno);
    }

    public void Refused(in MessageHeader request, HeapException refusal)
    {
        var reply = Replies.Error(request.RequestId, (int)refusal.Errno, refusal.Cause, refusal.Message);
        connection.Send(MessageCodec.Bytes(in reply), []);
    }

    private Errno Send(in MessageHeader request, MappedMemory memory)
    {
        const int MostOnStack = 1024;
        var length = Unsafe.SizeOf<MapReply>() + memory.Ranges.Length * Unsafe.SizeOf<SegmentEntry>();
        if (length <= MostOnStack) return Send(in request, memory, stackalloc byte[length]);
        var rented = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            return Send(in request, memory, rented.AsSpan(0, length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private Errno Send(in MessageHeader request, MappedMemory memory, Span<byte> packet)
    {
        var reply = new MapReply
        {
            Header = new MessageHeader { Size = (uint)packet.Length, Kind = request.Kind | MessageKind.ReplyBit, RequestId = request.RequestId },
            Count = (uint)memory.Ranges.Length,
            Descriptors = (uint)memory.Descriptors.Length,
        };
        MemoryMarshal.Write(packet, in reply);
        var entries = MemoryMarshal.Cast<byte, SegmentEntry>(packet[Unsafe.SizeOf<MapReply>()..]);
        for (var i = 0; i < entries.Length; i++)
        {
            var range = memory.Ranges[i];
            entries[i] = new SegmentEntry { Offset = (ulong)range.Offset, Length = (ulong)range.Length, Descriptor = (uint)range.Descriptor };
        }

        return connection.Send(packet, memory.Descriptors);
    }
}

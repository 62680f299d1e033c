using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DmaHeap.Hosting.Buffers;
using DmaHeap.Protocol;

namespace DmaHeap.Hosting.Server;

/// <summary>Writes the replies to requests for buffers.</summary>
internal static class AllocateReplies
{
    // What holds of several buffers only where it holds of each; of the rest one is enough, since a client acts on it.
    private const BufferFlags Promises = BufferFlags.Contiguous | BufferFlags.Resident;

    /// <returns>Bytes written.</returns>
    public static int Write(Span<byte> packet, in MessageHeader request, ReadOnlySpan<BufferRecord> made, int stoppedBy, ulong epoch) =>
        request.Kind == MessageKind.AllocateBatch ? WriteEach(packet, in request, made, stoppedBy, epoch) : WriteCommon(packet, in request, made, stoppedBy, epoch);

    private static int WriteEach(Span<byte> packet, in MessageHeader request, ReadOnlySpan<BufferRecord> made, int stoppedBy, ulong epoch)
    {
        var head = Unsafe.SizeOf<AllocateBatchReply>();
        var length = head + made.Length * Unsafe.SizeOf<BatchBuffer>();
        var reply = new AllocateBatchReply
        {
            Header = new MessageHeader { Size = (uint)length, Kind = request.Kind | MessageKind.ReplyBit, RequestId = request.RequestId },
            Count = (uint)made.Length,
            EntrySize = (uint)Unsafe.SizeOf<BatchBuffer>(),
            StoppedBy = stoppedBy,
        };
        MemoryMarshal.Write(packet, in reply);
        var entries = MemoryMarshal.Cast<byte, BatchBuffer>(packet[head..length]);
        for (var i = 0; i < made.Length; i++)
        {
            var record = made[i];
            entries[i] = new BatchBuffer
            {
                Id = new BufferId(epoch, record.Sequence), Length = (ulong)record.Length, Flags = Replies.FlagsOf(record), PageSize = (uint)record.Memory.MappedPageSize,
            };
        }

        return length;
    }

    // One length, flags and page size for all: a heap may give some of them larger pages than others.
    private static int WriteCommon(Span<byte> packet, in MessageHeader request, ReadOnlySpan<BufferRecord> made, int stoppedBy, ulong epoch)
    {
        var head = Unsafe.SizeOf<AllocateReply>();
        var length = head + made.Length * Unsafe.SizeOf<BufferId>();
        var reply = new AllocateReply
        {
            Header = new MessageHeader { Size = (uint)length, Kind = request.Kind | MessageKind.ReplyBit, RequestId = request.RequestId },
            Count = (uint)made.Length,
            StoppedBy = stoppedBy,
            Length = ulong.MaxValue,
            PageSize = uint.MaxValue,
        };
        var (any, all) = (BufferFlags.None, (BufferFlags)uint.MaxValue);
        var ids = MemoryMarshal.Cast<byte, BufferId>(packet[head..length]);
        for (var i = 0; i < made.Length; i++)
        {
            var record = made[i];
            var flags = Replies.FlagsOf(record);
            (any, all) = (any | flags, all & flags);
            reply.Length = Math.Min(reply.Length, (ulong)record.Length);
            reply.PageSize = Math.Min(reply.PageSize, (uint)record.Memory.MappedPageSize);
            ids[i] = new BufferId(epoch, record.Sequence);
        }

        reply.Flags = (any & ~Promises) | (all & Promises);
        MemoryMarshal.Write(packet, in reply);
        return length;
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DmaHeap.Hosting.Buffers;
using DmaHeap.Hosting.Heaps;
using DmaHeap.Hosting.Reclaim;
using DmaHeap.Protocol;

namespace DmaHeap.Hosting.Server;

/// <summary>Fills reply structs from the host's state.</summary>
internal static class Replies
{
    public static ErrorReply Error(ulong requestId, int errno, string cause, string sentence, ErrorFlags flags = ErrorFlags.None)
    {
        var reply = new ErrorReply { Header = MessageCodec.Header<ErrorReply>(MessageKind.Error, requestId), Errno = errno, Flags = flags };
        TextField.Write(reply.Cause, cause);
        TextField.Write(reply.Message, sentence);
        return reply;
    }

    public static HeapEntry Heap(HeapSlot slot, string name)
    {
        var entry = new HeapEntry
        {
            State = slot.Heap is null ? HeapState.Unavailable : slot.Fault is not null ? HeapState.Faulted : HeapState.Active,
            Capabilities = (uint)slot.Definition.Capabilities,
        };
        TextField.Write(entry.Name, name);
        if (name != slot.Name) TextField.Write(entry.AliasOf, slot.Name);
        TextField.Write(entry.Plugin, slot.Definition.Plugin);
        TextField.Write(entry.Reason, slot.Health.Fault is { } fault ? $"it {fault}; {slot.Health.LostThreads} of the host's threads are lost in it" : slot.Fault is { } gone ? $"it {gone}" : slot.Reason);
        return entry;
    }

    public static BufferEntry Buffer(BufferRecord record, ulong epoch, TimeProvider time)
    {
        var entry = new BufferEntry
        {
            Id = new BufferId(epoch, record.Sequence),
            Length = (ulong)record.Length,
            AgeNanoseconds = (ulong)Math.Max(0, time.GetElapsedTime(record.CreatedAt).Ticks * 100),
            Flags = FlagsOf(record),
            PageSize = (uint)record.Memory.MappedPageSize,
            UserId = record.Owner.UserId,
            ProcessId = record.Owner.ProcessId,
            Attachments = (uint)record.Attachments,
        };
        TextField.Write(entry.Heap, record.Heap.Name);
        TextField.Write(entry.Name, record.Name);
        return entry;
    }

    public static BufferFlags FlagsOf(BufferRecord record)
    {
        var flags = BufferFlags.None;
        if (record.IsOpaque) flags |= BufferFlags.Opaque;
        if (record.Memory.IsSecret) flags |= BufferFlags.Secret;
        if (record.Length <= record.Memory.PageSize) flags |= BufferFlags.Contiguous;
        if (record.Memory.IsResident && !record.IsOpaque) flags |= BufferFlags.Resident;
        if (record.IsAdopted) flags |= BufferFlags.Adopted;
        if (record.Heap.HasCpuAccessHooks(record.Buffer)) flags |= BufferFlags.CpuAccessHooks;
        return flags;
    }

    public static ShrinkEntry Shrink(ReclaimStep step)
    {
        var entry = new ShrinkEntry
        {
            Count = (ulong)step.Count,
            Wanted = (ulong)step.Wanted,
            Given = (ulong)step.Given,
            Microseconds = (ulong)step.Elapsed.TotalMicroseconds,
            Result = step.Result switch
            {
                ReclaimResult.Failed => ShrinkResult.Failed,
                ReclaimResult.Busy => ShrinkResult.Busy,
                ReclaimResult.Stuck => ShrinkResult.Stuck,
                _ => ShrinkResult.Done,
            },
        };
        TextField.Write(entry.Source, step.Source);
        return entry;
    }

    /// <summary>The bytes of a list: its head, and the entries that fit.</summary>
    /// <param name="packet">Where to write; at most the protocol's largest message.</param>
    /// <param name="requestId">The request answered.</param>
    /// <param name="kind">The request's kind.</param>
    /// <param name="entries">The entries from where the client asked on.</param>
    /// <returns>Length of the packet.</returns>
    public static int List<T>(Span<byte> packet, ulong requestId, MessageKind kind, ReadOnlySpan<T> entries)
        where T : unmanaged
    {
        var head = Unsafe.SizeOf<ListReply>();
        var fitting = Math.Min(entries.Length, (Math.Min(packet.Length, ProtocolConstants.MaxMessageBytes) - head) / Unsafe.SizeOf<T>());
        var length = head + fitting * Unsafe.SizeOf<T>();
        var reply = new ListReply
        {
            Header = new MessageHeader { Size = (uint)length, Kind = kind | MessageKind.ReplyBit, RequestId = requestId },
            Count = (uint)fitting,
            EntrySize = (uint)Unsafe.SizeOf<T>(),
            More = fitting < entries.Length ? 1u : 0u,
        };
        MemoryMarshal.Write(packet, in reply);
        MemoryMarshal.AsBytes(entries[..fitting]).CopyTo(packet[head..]);
        return length;
    }
}

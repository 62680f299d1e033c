using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DmaHeap.Linux;
using DmaHeap.Protocol;

namespace DmaHeap.Client;

/// <summary>An allocation of several buffers. They are made where the reply is read; whoever gets the completed call owns them.</summary>
sealed class AllocateBatchCall(DmaHeapClient client, int asked) : PendingCall(MessageKind.AllocateBatch)
{
    DmaBuffer[] _buffers = [];

    public Errno StoppedBy { get; private set; }

    public override bool TakesDescriptors => true;

    /// <summary>The buffers, given away.</summary>
    public DmaBuffer[] Take() => Interlocked.Exchange(ref _buffers, []);

    public override string? Accept(ReadOnlySpan<byte> packet, ReceivedDescriptors descriptors)
    {
        var head = Unsafe.SizeOf<AllocateBatchReply>();
        var known = Unsafe.SizeOf<BatchBuffer>();
        if (packet.Length < head) return ReplyReader.Describe(MessageFault.Short);
        var reply = MemoryMarshal.Read<AllocateBatchReply>(packet);
        if (reply.Count == 0 || reply.Count > asked) return $"{reply.Count} buffers where {asked} were asked for";
        if (reply.Count != descriptors.Count) return $"{descriptors.Count} descriptors for {reply.Count} buffers";
        if (reply.EntrySize < known) return $"entries of {reply.EntrySize} bytes";

        var end = head + (reply.Count * (long)reply.EntrySize);
        if (packet.Length < end) return ReplyReader.Describe(MessageFault.Short);
        if (packet[(int)end..].ContainsAnyExcept((byte)0)) return ReplyReader.Describe(MessageFault.UnknownTail);
        for (var at = head; at < end; at += (int)reply.EntrySize)
        {
            var entry = MemoryMarshal.Read<BatchBuffer>(packet[at..]);
            if (ReplyReader.RejectBuffer(entry.Length, entry.PageSize) is { } wrong) return wrong;
        }

        StoppedBy = (Errno)reply.StoppedBy;
        _buffers = new DmaBuffer[reply.Count];
        for (var i = 0; i < _buffers.Length; i++)
        {
            var entry = MemoryMarshal.Read<BatchBuffer>(packet[(head + (i * (int)reply.EntrySize))..]);
            _buffers[i] = new DmaBuffer(descriptors.Take(i), client, entry.Id, (long)entry.Length, entry.Flags, (int)entry.PageSize, Name);
        }

        return null;
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DmaHeap.Linux;
using DmaHeap.Protocol;

namespace DmaHeap.Client;

/// <summary>An allocation of one buffer. It is made where the reply is read; whoever gets the completed call owns it.</summary>
sealed class AllocateCall() : PendingCall(MessageKind.Allocate)
{
    [ThreadStatic]
    static AllocateCall? t_spare;

    DmaHeapClient? _client;
    DmaBuffer? _buffer;

    public override bool TakesDescriptors => true;

    /// <summary>A call for a thread that waits for it itself, and so can use one again and again.</summary>
    public static AllocateCall Rent()
    {
        var call = t_spare ?? new AllocateCall();
        t_spare = null;
        return call;
    }

    /// <summary>Gives the call back; one that is still under way, since its thread was interrupted, is left to the collector.</summary>
    public void Return()
    {
        if (!IsCompleted) return;
        _client = null;
        t_spare = this;
    }

    public AllocateCall For(DmaHeapClient client)
    {
        _client = client;
        return this;
    }

    /// <summary>The buffer, given away.</summary>
    public DmaBuffer Take() => Interlocked.Exchange(ref _buffer, null)!;

    public override string? Accept(ReadOnlySpan<byte> packet, ReceivedDescriptors descriptors)
    {
        var head = Unsafe.SizeOf<AllocateReply>();
        if (packet.Length < head) return ReplyReader.Describe(MessageFault.Short);
        var reply = MemoryMarshal.Read<AllocateReply>(packet);
        if (reply.Count != 1) return $"{reply.Count} buffers where 1 was asked for";
        if (descriptors.Count != 1) return $"{descriptors.Count} descriptors for 1 buffer";
        if (ReplyReader.RejectBuffer(reply.Length, reply.PageSize) is { } wrong) return wrong;

        var end = head + Unsafe.SizeOf<BufferId>();
        if (packet.Length < end) return ReplyReader.Describe(MessageFault.Short);
        if (packet[end..].ContainsAnyExcept((byte)0)) return ReplyReader.Describe(MessageFault.UnknownTail);
        var id = MemoryMarshal.Read<BufferId>(packet[head..end]);
        _buffer = new DmaBuffer(descriptors.Take(0), _client, id, (long)reply.Length, reply.Flags, (int)reply.PageSize, Name);
        return null;
    }
}

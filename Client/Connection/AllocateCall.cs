using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DmaHeap.Linux;
using DmaHeap.Protocol;

namespace DmaHeap.Client;

/// <summary>An allocation. The buffers are made where the reply is read; whoever gets the completed call owns them.</summary>
sealed class AllocateCall() : PendingCall(MessageKind.Allocate)
{
    [ThreadStatic]
    static AllocateCall? t_spare;

    DmaHeapClient? _client;
    int _asked;
    DmaBuffer? _single;
    DmaBuffer[] _buffers = [];

    public Errno StoppedBy { get; private set; }

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

    public AllocateCall For(DmaHeapClient client, int count)
    {
        (_client, _asked) = (client, count);
        return this;
    }

    /// <summary>The buffer of a request for one, given away.</summary>
    public DmaBuffer TakeSingle() => Interlocked.Exchange(ref _single, null)!;

    /// <summary>The buffers of a request for any number, given away.</summary>
    public DmaBuffer[] TakeAll() => _asked == 1 ? [TakeSingle()] : Interlocked.Exchange(ref _buffers, []);

    public override string? Accept(ReadOnlySpan<byte> packet, ReceivedDescriptors descriptors)
    {
        var head = Unsafe.SizeOf<AllocateReply>();
        if (packet.Length < head) return ReplyReader.Describe(MessageFault.Short);
        var reply = MemoryMarshal.Read<AllocateReply>(packet);
        if (reply.Count == 0 || reply.Count > _asked) return $"{reply.Count} buffers where {_asked} were asked for";
        if (reply.Count != descriptors.Count) return $"{descriptors.Count} descriptors for {reply.Count} buffers";
        if (reply.Length is 0 or > long.MaxValue) return $"buffers of {reply.Length} bytes";
        if (reply.PageSize is 0 or > int.MaxValue) return $"pages of {reply.PageSize} bytes";

        var count = (int)reply.Count;
        var end = head + (count * Unsafe.SizeOf<BufferId>());
        if (packet.Length < end) return ReplyReader.Describe(MessageFault.Short);
        if (packet[end..].ContainsAnyExcept((byte)0)) return ReplyReader.Describe(MessageFault.UnknownTail);
        var ids = MemoryMarshal.Cast<byte, BufferId>(packet[head..end]);

        StoppedBy = (Errno)reply.StoppedBy;
        if (_asked == 1)
        {
            _single = Make(0, ids[0], in reply, descriptors);
            return null;
        }

        _buffers = new DmaBuffer[count];
        for (var i = 0; i < count; i++) _buffers[i] = Make(i, ids[i], in reply, descriptors);
        return null;
    }

    DmaBuffer Make(int index, BufferId id, in AllocateReply reply, ReceivedDescriptors descriptors) =>
        new(descriptors.Take(index), _client, id, (long)reply.Length, reply.Flags, (int)reply.PageSize, Name);
}

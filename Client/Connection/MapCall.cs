using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DmaHeap.Linux;
using DmaHeap.Protocol;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Client;

/// <summary>A map or a vmap. The segments are made where the reply is read; whoever gets the completed call owns them.</summary>
sealed class MapCall(MessageKind kind) : PendingCall(kind)
{
    DmaSegment[] _segments = [];

    public override bool TakesDescriptors => true;

    /// <summary>The segments, given away.</summary>
    public DmaSegment[] Take() => Interlocked.Exchange(ref _segments, []);

    public override string? Accept(ReadOnlySpan<byte> packet, ReceivedDescriptors descriptors)
    {
        var head = Unsafe.SizeOf<MapReply>();
        if (packet.Length < head) return ReplyReader.Describe(MessageFault.Short);
        var reply = MemoryMarshal.Read<MapReply>(packet);
        if (reply.Count is 0 or > ProtocolConstants.MaxMessageBytes) return $"a mapping of {reply.Count} segments";
        if (reply.Descriptors != descriptors.Count) return $"{descriptors.Count} descriptors where {reply.Descriptors} were announced";
        var end = head + ((int)reply.Count * Unsafe.SizeOf<SegmentEntry>());
        if (packet.Length < end) return ReplyReader.Describe(MessageFault.Short);
        if (packet[end..].ContainsAnyExcept((byte)0)) return ReplyReader.Describe(MessageFault.UnknownTail);
        var entries = MemoryMarshal.Cast<byte, SegmentEntry>(packet[head..end]);
        foreach (ref readonly var entry in entries)
        {
            if (entry.Descriptor >= reply.Descriptors) return $"a segment of descriptor {entry.Descriptor} of {reply.Descriptors}";
            if (entry.Length == 0 || entry.Offset > long.MaxValue - entry.Length) return $"a segment of {entry.Length} bytes from {entry.Offset}";
        }

        var handles = new SafeFileHandle[descriptors.Count];
        for (var i = 0; i < handles.Length; i++) handles[i] = descriptors.Take(i);
        var segments = new DmaSegment[entries.Length];
        for (var i = 0; i < segments.Length; i++) segments[i] = new DmaSegment(handles[(int)entries[i].Descriptor], (long)entries[i].Offset, (long)entries[i].Length);
        _segments = segments;
        return null;
    }
}

using System.Runtime.InteropServices;
using DmaHeap.Protocol;
using MessageHeader = DmaHeap.Protocol.MessageHeader;

namespace DmaHeap.Tests.Support;

/// <summary>Requests as a correct client writes them, to be sent or spoilt.</summary>
internal static class Messages
{
    public static HelloRequest Hello() => new()
    {
        Header = MessageCodec.Header<HelloRequest>(MessageKind.Hello, 0),
        Magic = ProtocolConstants.Magic,
        Major = ProtocolConstants.MajorVersion,
        Minor = ProtocolConstants.MinorVersion,
    };

    public static AllocateRequest Allocate(
        ulong id, string heap, ulong length, uint count = 1, uint fileFlags = 2, ulong heapFlags = 0, AllocateOptions options = AllocateOptions.None, string name = "")
    {
        var request = new AllocateRequest
        {
            Header = MessageCodec.Header<AllocateRequest>(MessageKind.Allocate, id),
            Length = length,
            FileFlags = fileFlags,
            Count = count,
            HeapFlags = heapFlags,
            Options = options,
        };
        TextField.Write(request.Heap, heap);
        TextField.Write(request.Name, name);
        return request;
    }

    /// <summary>A request for buffers of several sizes, each given as length and count.</summary>
    public static byte[] Batch(
        ulong id, string heap, (ulong Length, uint Count)[] sizes, AllocateOptions options = AllocateOptions.None, uint fileFlags = 2, string name = "")
    {
        var request = new AllocateBatchRequest { FileFlags = fileFlags, SizeCount = (uint)sizes.Length, Options = options };
        TextField.Write(request.Heap, heap);
        TextField.Write(request.Name, name);
        BatchSize[] entries = [.. sizes.Select(size => new BatchSize { Length = size.Length, Count = size.Count })];
        byte[] packet = [.. MessageCodec.Bytes(in request), .. MemoryMarshal.AsBytes<BatchSize>(entries)];
        MemoryMarshal.Write(packet, new MessageHeader { Size = (uint)packet.Length, Kind = MessageKind.AllocateBatch, RequestId = id });
        return packet;
    }

    /// <summary>The packet, whose header states its length.</summary>
    public static byte[] WithItsSize(this byte[] packet)
    {
        BitConverter.TryWriteBytes(packet, packet.Length);
        return packet;
    }

    public static ListHeapsRequest ListHeaps(ulong id, uint start = 0) =>
        new() { Header = MessageCodec.Header<ListHeapsRequest>(MessageKind.ListHeaps, id), Start = start };

    public static DescribeRequest Describe(ulong id) => new() { Header = MessageCodec.Header<DescribeRequest>(MessageKind.Describe, id) };

    public static CancelRequest Cancel(ulong target) => new() { Header = MessageCodec.Header<CancelRequest>(MessageKind.Cancel, 0), Target = target };

    public static CpuAccessRequest CpuAccess(ulong id, ulong flags) =>
        new() { Header = MessageCodec.Header<CpuAccessRequest>(MessageKind.CpuAccess, id), SyncFlags = flags };

    public static SetNameRequest SetName(ulong id, string name)
    {
        var request = new SetNameRequest { Header = MessageCodec.Header<SetNameRequest>(MessageKind.SetName, id) };
        TextField.Write(request.Name, name);
        return request;
    }

    public static StatisticsRequest Statistics(ulong id, string heap = "")
    {
        var request = new StatisticsRequest { Header = MessageCodec.Header<StatisticsRequest>(MessageKind.Statistics, id) };
        TextField.Write(request.Heap, heap);
        return request;
    }

    public static ListBuffersRequest ListBuffers(ulong id, ulong after = 0, string heap = "")
    {
        var request = new ListBuffersRequest { Header = MessageCodec.Header<ListBuffersRequest>(MessageKind.ListBuffers, id), After = after };
        TextField.Write(request.Heap, heap);
        return request;
    }

    public static AttachBufferRequest Attach(ulong id, ulong attachment, uint direction = 0, ulong alignment = 0, ulong maxSegmentBytes = 0, uint maxSegments = 0) => new()
    {
        Header = MessageCodec.Header<AttachBufferRequest>(MessageKind.Attach, id),
        Attachment = attachment,
        Direction = direction,
        Alignment = alignment,
        MaxSegmentBytes = maxSegmentBytes,
        MaxSegments = maxSegments,
    };

    public static MapRequest Map(ulong id, ulong attachment, uint direction = 0) =>
        new() { Header = MessageCodec.Header<MapRequest>(MessageKind.Map, id), Attachment = attachment, Direction = direction };

    public static UnmapRequest Unmap(ulong id, ulong attachment) => new() { Header = MessageCodec.Header<UnmapRequest>(MessageKind.Unmap, id), Attachment = attachment };

    public static DetachRequest Detach(ulong id, ulong attachment) => new() { Header = MessageCodec.Header<DetachRequest>(MessageKind.Detach, id), Attachment = attachment };

    public static VmapRequest Vmap(ulong id, ulong mapping) => new() { Header = MessageCodec.Header<VmapRequest>(MessageKind.Vmap, id), Mapping = mapping };

    public static VunmapRequest Vunmap(ulong id, ulong mapping) => new() { Header = MessageCodec.Header<VunmapRequest>(MessageKind.Vunmap, id), Mapping = mapping };
}

using DmaHeap.Protocol;

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
}

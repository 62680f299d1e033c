using DmaHeap.Hosting.Buffers;
using DmaHeap.Linux;
using DmaHeap.Protocol;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Server;

/// <summary>Requests about a buffer whose descriptor is shown: that a client has one is what entitles it.</summary>
internal sealed class ShownBufferRequests(HostCore core)
{
    public void Describe(Connection connection, in DescribeRequest request, ReceivedDescriptors descriptors)
    {
        using var shown = descriptors.Take(0);
        var record = Identify(shown);
        var reply = new DescribeReply { Header = RequestFields.ReplyHeader<DescribeReply>(request.Header), Buffer = Replies.Buffer(record, core.Allocator.Epoch, core.Time) };
        connection.Send(MessageCodec.Bytes(in reply), []);
    }

    public void SetName(Connection connection, in SetNameRequest request, ReceivedDescriptors descriptors)
    {
        using var shown = descriptors.Take(0);
        var name = RequestFields.Text(request.Name, "name");
        Identify(shown).Name = name;
        RequestFields.Done(connection, request.Header);
    }

    public void CpuAccess(Connection connection, in CpuAccessRequest request, ReceivedDescriptors descriptors)
    {
        using var shown = descriptors.Take(0);
        var record = Identify(shown);
        if (!CpuAccessFlags.TryRead(request.SyncFlags, out var direction, out var isEnd))
        {
            throw new HeapException(HeapErrno.Invalid, HeapCause.BadFlags, $"sync flags 0x{request.SyncFlags:x}: READ 1 or WRITE 2 or both, and END 4, are what there is");
        }

        if (isEnd)
        {
            if (!connection.TryEndCpuAccess(record, direction)) throw RequestFields.Bad("CPU access is ended that was not begun on this connection, or in another direction");
            core.Ops.EndCpuAccess(record, direction, connection.Caller);
        }
        else
        {
            core.Ops.BeginCpuAccess(record, direction, connection.Caller);
            if (!connection.TryBeginCpuAccess(record, direction)) core.Ops.EndCpuAccess(record, direction, connection.Caller);
        }

        RequestFields.Done(connection, request.Header);
    }

    private BufferRecord Identify(SafeFileHandle shown) => core.Watch.Identify(shown)
        ?? throw new HeapException(HeapErrno.Invalid, HeapCause.UnknownBuffer, "the descriptor shown is no buffer of this host");
}

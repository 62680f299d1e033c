using System.Runtime.CompilerServices;
using DmaHeap.Linux;
using DmaHeap.Protocol;

namespace DmaHeap.Hosting.Server;

/// <summary>
/// Carries out one request on the worker that read it, plugin code included. Refusals are exceptions up to here: a <see cref="HeapException"/> becomes an error reply,
/// a <see cref="ProtocolFaultException"/> ends the connection.
/// </summary>
internal sealed class RequestHandler(HostCore core, UndeliveredCap cap)
{
    private readonly AllocateRequests _allocations = new(core, cap);
    private readonly ShownBufferRequests _shown = new(core);
    private readonly QueryRequests _queries = new(core);
    private readonly ImporterRequests _imports = new(core, cap);
    private readonly ChangeRequests _changes = new(core, cap);

    public void Handle(Connection connection, ReadOnlySpan<byte> packet, WorkerScratch worker)
    {
        var descriptors = worker.Descriptors;
        RequestFields.Demand(MessageCodec.ReadHeader(packet, out var header), "header");
        if (descriptors.Truncated) throw new ProtocolFaultException("descriptors of a message were lost: more than belong there, or the host had no room for them");
        if (header.Kind != MessageKind.Hello && !connection.IsGreeted) throw new ProtocolFaultException("the first message of a connection is a hello, and its reply is waited for");
        if (descriptors.Count != DescriptorsOf(header.Kind))
        {
            throw new ProtocolFaultException($"{descriptors.Count} descriptors came with a {header.Kind} message, where {DescriptorsOf(header.Kind)} belong");
        }

        using var request = CurrentRequest.Enter(connection.Key, header.RequestId);
        try
        {
            Dispatch(connection, header, packet, worker);
        }
        catch (HeapException refusal)
        {
            var reply = Replies.Error(header.RequestId, (int)refusal.Errno, refusal.Cause, refusal.Message);
            connection.Send(MessageCodec.Bytes(in reply), []);
        }
    }

    private static int DescriptorsOf(MessageKind kind) =>
        kind is MessageKind.Describe or MessageKind.SetName or MessageKind.CpuAccess or MessageKind.Attach or MessageKind.Vmap or MessageKind.Swap or MessageKind.Adopt or MessageKind.GiveBack ? 1 : 0;

    // What a client does to one buffer happens in the order it was sent: these say themselves when their place is settled.
    private static bool HasOrder(MessageKind kind) => kind is MessageKind.CpuAccess or (>= MessageKind.Attach and <= MessageKind.Vunmap);

    private void Dispatch(Connection connection, in MessageHeader header, ReadOnlySpan<byte> packet, WorkerScratch worker)
    {
        var (descriptors, scratch) = (worker.Descriptors, worker.Reply);
        if (!HasOrder(header.Kind)) connection.EndReading();
        switch (header.Kind)
        {
            case MessageKind.Hello: Hello(connection, RequestFields.Read<HelloRequest>(packet)); break;
            case MessageKind.ListHeaps: _queries.ListHeaps(connection, RequestFields.Read<ListHeapsRequest>(packet), scratch); break;
            case MessageKind.Allocate: _allocations.Allocate(connection, RequestFields.ReadGrown<AllocateRequest>(packet, AllocateRequest.FirstSize), worker); break;
            case MessageKind.AllocateBatch: _allocations.Allocate(connection, packet, worker); break;
            case MessageKind.Describe: _shown.Describe(connection, RequestFields.Read<DescribeRequest>(packet), descriptors); break;
            case MessageKind.SetName: _shown.SetName(connection, RequestFields.Read<SetNameRequest>(packet), descriptors); break;
            case MessageKind.Adopt: _shown.Adopt(connection, RequestFields.Read<AdoptRequest>(packet), descriptors); break;
            case MessageKind.GiveBack: _shown.GiveBack(connection, RequestFields.Read<GiveBackRequest>(packet), descriptors); break;
            case MessageKind.Statistics: _queries.Statistics(connection, RequestFields.Read<StatisticsRequest>(packet), scratch); break;
            case MessageKind.Cancel: connection.Cancel(RequestFields.Read<CancelRequest>(packet).Target); break;
            case MessageKind.CpuAccess: _imports.CpuAccess(connection, RequestFields.Read<CpuAccessRequest>(packet), worker); break;
            case MessageKind.Attach: _imports.Attach(connection, RequestFields.Read<AttachBufferRequest>(packet), worker); break;
            case MessageKind.Map: _imports.Map(connection, RequestFields.Read<MapRequest>(packet), worker); break;
            case MessageKind.Unmap: _imports.Unmap(connection, RequestFields.Read<UnmapRequest>(packet), worker); break;
            case MessageKind.Detach: _imports.Detach(connection, RequestFields.Read<DetachRequest>(packet), worker); break;
            case MessageKind.Vmap: _imports.Vmap(connection, RequestFields.Read<VmapRequest>(packet), worker); break;
            case MessageKind.Vunmap: _imports.Vunmap(connection, RequestFields.Read<VunmapRequest>(packet), worker); break;
            case MessageKind.Swap: _changes.Swap(connection, RequestFields.Read<SwapRequest>(packet), descriptors); break;
            case MessageKind.Restore: _changes.Restore(connection, RequestFields.Read<RestoreRequest>(packet)); break;
            case MessageKind.Restart: _changes.Restart(connection, RequestFields.Read<RestartRequest>(packet)); break;
            case MessageKind.Reload: _changes.Reload(connection, RequestFields.Read<ReloadRequest>(packet)); break;
            case MessageKind.Status: _changes.Status(connection, RequestFields.Read<StatusRequest>(packet)); break;
            case MessageKind.Shrink: _changes.Shrink(connection, RequestFields.Read<ShrinkRequest>(packet), scratch); break;
            case MessageKind.Journal: _queries.Journal(connection, RequestFields.Read<JournalRequest>(packet), scratch); break;
            case MessageKind.ListBuffers: _queries.ListBuffers(connection, RequestFields.Read<ListBuffersRequest>(packet), scratch); break;
            default: throw new ProtocolFaultException($"messages of kind {(ushort)header.Kind} are unknown here");
        }
    }

    private void Hello(Connection connection, in HelloRequest hello)
    {
        if (hello.Magic != ProtocolConstants.Magic) throw new ProtocolFaultException("this is the socket of dmaheap, and the hello is of something else");
        if (hello.Major != ProtocolConstants.MajorVersion)
        {
            throw new ProtocolFaultException(
                $"the client speaks protocol {hello.Major}.{hello.Minor} and the host {ProtocolConstants.MajorVersion}.{ProtocolConstants.MinorVersion}: the first number must be the same");
        }

        if (connection.IsGreeted) throw new ProtocolFaultException("a connection has one hello");
        connection.IsGreeted = true;
        var reply = new HelloReply
        {
            Header = RequestFields.ReplyHeader<HelloReply>(hello.Header),
            Magic = ProtocolConstants.Magic,
            Major = ProtocolConstants.MajorVersion,
            Minor = ProtocolConstants.MinorVersion,
            Features = hello.Features & ProtocolFeatures.ConnectionNumber,
            Epoch = core.Epoch,
            MaxMessageBytes = ProtocolConstants.MaxMessageBytes,
            MaxDescriptors = ProtocolConstants.MaxDescriptors,
            PageSize = (uint)Environment.SystemPageSize,
            ProcessId = Environment.ProcessId,
        };
        if (reply.Features == ProtocolFeatures.None)
        {
            connection.Send(MessageCodec.Bytes(in reply), []);
            return;
        }

        var numbered = new NumberedHelloReply { Hello = reply, Connection = connection.Key };
        numbered.Hello.Header.Size = (uint)Unsafe.SizeOf<NumberedHelloReply>();
        connection.Send(MessageCodec.Bytes(in numbered), []);
    }
}

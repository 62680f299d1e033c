using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DmaHeap.Hosting.Allocation;
using DmaHeap.Hosting.Buffers;
using DmaHeap.Hosting.Heaps;
using DmaHeap.Linux;
using DmaHeap.Protocol;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Server;

/// <summary>
/// Carries out one request on the worker that read it, plugin code included. Refusals are exceptions up to here: a <see cref="HeapException"/> becomes an error reply,
/// a <see cref="ProtocolFaultException"/> ends the connection.
/// </summary>
internal sealed class RequestHandler(HostCore core, UndeliveredCap cap)
{
    public void Handle(Connection connection, ReadOnlySpan<byte> packet, ReceivedDescriptors descriptors, Span<byte> scratch)
    {
        Demand(MessageCodec.ReadHeader(packet, out var header), "header");
        if (descriptors.Truncated) throw new ProtocolFaultException("descriptors of a message were lost: more than belong there, or the host had no room for them");
        if (header.Kind != MessageKind.Hello && !connection.IsGreeted) throw new ProtocolFaultException("the first message of a connection is a hello, and its reply is waited for");
        if (descriptors.Count != DescriptorsOf(header.Kind))
        {
            throw new ProtocolFaultException($"{descriptors.Count} descriptors came with a {header.Kind} message, where {DescriptorsOf(header.Kind)} belong");
        }

        try
        {
            Dispatch(connection, header, packet, descriptors, scratch);
        }
        catch (HeapException refusal)
        {
            var reply = Replies.Error(header.RequestId, (int)refusal.Errno, refusal.Cause, refusal.Message);
            connection.Send(MessageCodec.Bytes(in reply), []);
        }
    }

    /// <summary>Whether a packet asks for something in which plugin code runs, for as long as it likes.</summary>
    public static bool CallsHeaps(ReadOnlySpan<byte> packet) =>
        MessageCodec.ReadHeader(packet, out var header) == MessageFault.None && header.Kind is MessageKind.Allocate or MessageKind.CpuAccess or MessageKind.Statistics;

    private static int DescriptorsOf(MessageKind kind) => kind is MessageKind.Describe or MessageKind.SetName or MessageKind.CpuAccess ? 1 : 0;

    private void Dispatch(Connection connection, in MessageHeader header, ReadOnlySpan<byte> packet, ReceivedDescriptors descriptors, Span<byte> scratch)
    {
        switch (header.Kind)
        {
            case MessageKind.Hello: Hello(connection, Read<HelloRequest>(packet)); break;
            case MessageKind.ListHeaps: ListHeaps(connection, Read<ListHeapsRequest>(packet), scratch); break;
            case MessageKind.Allocate: Allocate(connection, Read<AllocateRequest>(packet), scratch); break;
            case MessageKind.Describe: Describe(connection, Read<DescribeRequest>(packet), descriptors); break;
            case MessageKind.SetName: SetName(connection, Read<SetNameRequest>(packet), descriptors); break;
            case MessageKind.Statistics: Statistics(connection, Read<StatisticsRequest>(packet), scratch); break;
            case MessageKind.Cancel: connection.Cancel(Read<CancelRequest>(packet).Target); break;
            case MessageKind.CpuAccess: CpuAccess(connection, Read<CpuAccessRequest>(packet), descriptors); break;
            case MessageKind.ListBuffers: ListBuffers(connection, Read<ListBuffersRequest>(packet), scratch); break;
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
            Header = ReplyHeader<HelloReply>(hello.Header),
            Magic = ProtocolConstants.Magic,
            Major = ProtocolConstants.MajorVersion,
            Minor = ProtocolConstants.MinorVersion,
            Features = ProtocolFeatures.None,
            Epoch = core.Allocator.Epoch,
            MaxMessageBytes = ProtocolConstants.MaxMessageBytes,
            MaxDescriptors = ProtocolConstants.MaxDescriptors,
            PageSize = (uint)Environment.SystemPageSize,
            ProcessId = Environment.ProcessId,
        };
        connection.Send(MessageCodec.Bytes(in reply), []);
    }

    private void ListHeaps(Connection connection, in ListHeapsRequest request, Span<byte> scratch)
    {
        var entries = core.Registry.Slots
            .SelectMany(slot => slot.Definition.Aliases.Prepend(slot.Name).Select(name => Replies.Heap(slot, name)))
            .Skip((int)Math.Min(request.Start, int.MaxValue))
            .ToArray();
        var length = Replies.List<HeapEntry>(scratch, request.Header.RequestId, MessageKind.ListHeaps, entries);
        connection.Send(scratch[..length], []);
    }

    private void Allocate(Connection connection, in AllocateRequest request, Span<byte> scratch)
    {
        if (request.Count is 0 or > ProtocolConstants.MaxDescriptors) throw Bad($"{request.Count} buffers were asked for in one request; 1 to {ProtocolConstants.MaxDescriptors} can be");
        if ((request.Options & ~AllocateOptions.AsManyAsFit) != 0) throw Bad($"the options {(uint)request.Options} are unknown");
        var count = (int)request.Count;
        var asked = new BufferRequest
        {
            Heap = Text(request.Heap, "heap"),
            Length = request.Length,
            FileFlags = request.FileFlags,
            HeapFlags = request.HeapFlags,
            Name = Text(request.Name, "name"),
            Caller = connection.Caller,
            ExpectedImporters = (int)Math.Min(request.ExpectedImporters, int.MaxValue),
        };
        var asManyAsFit = (request.Options & AllocateOptions.AsManyAsFit) != 0;
        cap.Reserve(connection, count);
        var sent = 0;
        try
        {
            sent = AllocateAndSend(connection, asked, count, asManyAsFit, request.Header.RequestId, scratch);
        }
        finally
        {
            if (sent < count) cap.Return(connection, count - sent);
        }
    }

    private int AllocateAndSend(Connection connection, in BufferRequest asked, int count, bool asManyAsFit, ulong requestId, Span<byte> scratch)
    {
        var allocations = new Allocation.Allocation[count];
        var made = 0;
        try
        {
            var stoppedBy = AllocateAll(connection, in asked, allocations, asManyAsFit, requestId, ref made);
            Send(connection, allocations.AsSpan(0, made), stoppedBy, requestId, scratch);
        }
        catch
        {
            while (made > 0) core.Allocator.Discard(allocations[--made]);
            throw;
        }

        for (var i = 0; i < made; i++) allocations[i].Handle.Dispose();
        core.Probe.Reached(AllocationStep.Replied);
        return made;
    }

    // Returns the errno that stopped it short, or 0. The request is no longer under way when this returns: its number is free before the client can see the reply.
    private int AllocateAll(
        Connection connection, in BufferRequest asked, Span<Allocation.Allocation> allocations, bool asManyAsFit, ulong requestId, ref int made)
    {
        var cancellation = connection.Begin(requestId) ?? throw new ProtocolFaultException($"request {requestId} is under way already");
        try
        {
            for (; made < allocations.Length; made++) allocations[made] = core.Allocator.Allocate(in asked, cancellation.Token);
            return 0;
        }
        catch (HeapException refusal) when (asManyAsFit && made > 0 && refusal.Errno != HeapErrno.Interrupted)
        {
            return (int)refusal.Errno;
        }
        finally
        {
            connection.End(requestId);
        }
    }

    private void Send(Connection connection, ReadOnlySpan<Allocation.Allocation> allocations, int stoppedBy, ulong requestId, Span<byte> scratch)
    {
        var first = allocations[0].Record;
        var head = Unsafe.SizeOf<AllocateReply>();
        var length = head + allocations.Length * Unsafe.SizeOf<BufferId>();
        var reply = new AllocateReply
        {
            Header = new MessageHeader { Size = (uint)length, Kind = MessageKind.Allocate | MessageKind.ReplyBit, RequestId = requestId },
            Count = (uint)allocations.Length,
            StoppedBy = stoppedBy,
            Length = (ulong)first.Length,
            Flags = Replies.FlagsOf(first),
            PageSize = (uint)first.Memory.PageSize,
        };
        MemoryMarshal.Write(scratch, in reply);
        var ids = MemoryMarshal.Cast<byte, BufferId>(scratch[head..length]);
        var handles = new SafeFileHandle[allocations.Length];
        for (var i = 0; i < allocations.Length; i++)
        {
            ids[i] = new BufferId(core.Allocator.Epoch, allocations[i].Record.Sequence);
            handles[i] = allocations[i].Handle;
        }

        var errno = connection.Send(scratch[..length], handles);
        if (errno == Errno.None) return;
        throw errno switch
        {
            Errno.EPIPE or Errno.ECONNRESET => new HeapException(HeapErrno.Interrupted, HeapCause.Cancelled, "the client is gone"),
            Errno.ETOOMANYREFS => new HeapException(HeapErrno.Busy, HeapCause.UndeliveredLimit, "the kernel carries no more unread descriptors of this host: clients are to read first"),
            _ => Memory.SystemRefusal.From(errno, "sending a descriptor"),
        };
    }

    private void Describe(Connection connection, in DescribeRequest request, ReceivedDescriptors descriptors)
    {
        using var shown = descriptors.Take(0);
        var record = Identify(shown);
        var reply = new DescribeReply { Header = ReplyHeader<DescribeReply>(request.Header), Buffer = Replies.Buffer(record, core.Allocator.Epoch, core.Time) };
        connection.Send(MessageCodec.Bytes(in reply), []);
    }

    private void SetName(Connection connection, in SetNameRequest request, ReceivedDescriptors descriptors)
    {
        using var shown = descriptors.Take(0);
        var name = Text(request.Name, "name");
        Identify(shown).Name = name;
        Done(connection, request.Header);
    }

    private void Statistics(Connection connection, in StatisticsRequest request, Span<byte> scratch)
    {
        var heap = Text(request.Heap, "heap");
        var length = StatisticsReplies.Write(scratch, request.Header.RequestId, core, heap.Length == 0 ? null : core.Registry.Find(heap));
        connection.Send(scratch[..length], []);
    }

    private void CpuAccess(Connection connection, in CpuAccessRequest request, ReceivedDescriptors descriptors)
    {
        using var shown = descriptors.Take(0);
        var record = Identify(shown);
        if (!CpuAccessFlags.TryRead(request.SyncFlags, out var direction, out var isEnd))
        {
            throw new HeapException(HeapErrno.Invalid, HeapCause.BadFlags, $"sync flags 0x{request.SyncFlags:x}: READ 1 or WRITE 2 or both, and END 4, are what there is");
        }

        if (isEnd)
        {
            if (!connection.TryEndCpuAccess(record, direction)) throw Bad("CPU access is ended that was not begun on this connection, or in another direction");
            core.Ops.EndCpuAccess(record, direction, connection.Caller);
        }
        else
        {
            core.Ops.BeginCpuAccess(record, direction, connection.Caller);
            if (!connection.TryBeginCpuAccess(record, direction)) core.Ops.EndCpuAccess(record, direction, connection.Caller);
        }

        Done(connection, request.Header);
    }

    private void ListBuffers(Connection connection, in ListBuffersRequest request, Span<byte> scratch)
    {
        var heapName = Text(request.Heap, "heap");
        var heap = heapName.Length == 0 ? null : core.Registry.Find(heapName);
        var after = request.After;
        var seesAll = connection.Caller.UserId == 0 || connection.Caller.UserId == ProcessIdentity.EffectiveUserId;
        var most = ProtocolConstants.MaxMessageBytes / Unsafe.SizeOf<BufferEntry>() + 1;
        var entries = core.Table.Snapshot()
            .Where(record => record.Sequence > after && (heap is null || record.Heap == heap) && (seesAll || record.Owner.UserId == connection.Caller.UserId))
            .Take(most)
            .Select(record => Replies.Buffer(record, core.Allocator.Epoch, core.Time))
            .ToArray();
        var length = Replies.List<BufferEntry>(scratch, request.Header.RequestId, MessageKind.ListBuffers, entries);
        connection.Send(scratch[..length], []);
    }

    private BufferRecord Identify(SafeFileHandle shown) => core.Watch.Identify(shown)
        ?? throw new HeapException(HeapErrno.Invalid, HeapCause.UnknownBuffer, "the descriptor shown is no buffer of this host");

    private static void Done(Connection connection, in MessageHeader request)
    {
        var reply = new DoneReply { Header = ReplyHeader<DoneReply>(request) };
        connection.Send(MessageCodec.Bytes(in reply), []);
    }

    private static MessageHeader ReplyHeader<T>(in MessageHeader request)
        where T : unmanaged =>
        MessageCodec.Header<T>(request.Kind | MessageKind.ReplyBit, request.RequestId);

    private static T Read<T>(ReadOnlySpan<byte> packet)
        where T : unmanaged
    {
        Demand(MessageCodec.Read<T>(packet, out var message), typeof(T).Name);
        return message;
    }

    private static void Demand(MessageFault fault, string what)
    {
        if (fault == MessageFault.None) return;
        throw new ProtocolFaultException(fault switch
        {
            MessageFault.Short => $"a message is too short ({what})",
            MessageFault.WrongSize => "the size a message states is not the length of its packet",
            _ => $"a message has something that is unknown here and not zero ({what})",
        });
    }

    private static string Text(ReadOnlySpan<byte> field, string what) => TextField.TryRead(field, out var text)
        ? text
        : throw new ProtocolFaultException($"the field {what} is no UTF-8 text padded with zeros");

    private static HeapException Bad(string sentence) => new(HeapErrno.Invalid, HeapCause.BadRequest, sentence);
}

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DmaHeap.Hosting.Allocation;
using DmaHeap.Linux;
using DmaHeap.Protocol;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Server;

/// <summary>Allocation on behalf of a client: some buffers, made one by one and sent in one reply, or taken back.</summary>
internal sealed class AllocateRequests(HostCore core, UndeliveredCap cap)
{
    public void Allocate(Connection connection, in AllocateRequest request, Span<byte> scratch)
    {
        if (request.Count is 0 or > ProtocolConstants.MaxDescriptors) throw RequestFields.Bad($"{request.Count} buffers were asked for in one request; 1 to {ProtocolConstants.MaxDescriptors} can be");
        if ((request.Options & ~AllocateOptions.AsManyAsFit) != 0) throw RequestFields.Bad($"the options {(uint)request.Options} are unknown");
        if (request.Reserved != 0) RequestFields.Demand(MessageFault.UnknownTail, "AllocateRequest.Reserved");
        var count = (int)request.Count;
        var early = new EarlyRefusal(connection, request.Header.RequestId);
        var asked = new BufferRequest
        {
            Heap = RequestFields.Text(request.Heap, "heap"),
            Length = request.Length,
            FileFlags = request.FileFlags,
            HeapFlags = request.HeapFlags,
            Name = RequestFields.Text(request.Name, "name"),
            Caller = connection.Caller,
            ExpectedImporters = (int)Math.Min(request.ExpectedImporters, int.MaxValue),
            Alignment = request.Alignment,
            MaxSegments = (int)Math.Min(request.MaxSegments, int.MaxValue),
            WhenGivenUp = early.Send,
        };
        var asManyAsFit = (request.Options & AllocateOptions.AsManyAsFit) != 0;
        cap.Reserve(connection, count);
        var sent = 0;
        try
        {
            sent = AllocateAndSend(connection, asked, count, asManyAsFit, request.Header.RequestId, early, scratch);
        }
        catch (HeapException) when (early.WasSent)
        {
            // The heap came back too late; the client knows.
        }
        finally
        {
            if (sent < count) cap.Return(connection, count - sent);
        }
    }

    private int AllocateAndSend(Connection connection, in BufferRequest asked, int count, bool asManyAsFit, ulong requestId, EarlyRefusal early, Span<byte> scratch)
    {
        var allocations = new Allocation.Allocation[count];
        var made = 0;
        try
        {
            var stoppedBy = AllocateAll(connection, in asked, allocations, asManyAsFit, requestId, early, ref made);
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
        Connection connection, in BufferRequest asked, Span<Allocation.Allocation> allocations, bool asManyAsFit, ulong requestId, EarlyRefusal early, ref int made)
    {
        var cancellation = connection.Begin(requestId) ?? throw new ProtocolFaultException($"request {requestId} is under way already");
        try
        {
            for (; made < allocations.Length; made++)
            {
                // The rest of a batch is not made for somebody who is gone.
                if (made > 0 && cancellation.IsCancellationRequested) throw Allocator.Withdrawn();
                allocations[made] = core.Allocator.Allocate(in asked, cancellation.Token);
            }

            return 0;
        }
        catch (HeapException refusal) when (asManyAsFit && made > 0 && refusal.Errno != HeapErrno.Interrupted && !early.WasSent)
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
        if (errno != Errno.None) throw RequestFields.NotSent(errno);
    }

    // The answer of a request whose heap does not come back. Its number stays in use until it is.
    private sealed class EarlyRefusal(Connection connection, ulong requestId)
    {
        private volatile bool _wasSent;

        public bool WasSent => _wasSent;

        public void Send(HeapException refusal)
        {
            _wasSent = true;
            var reply = Replies.Error(requestId, (int)refusal.Errno, refusal.Cause, refusal.Message);
            connection.Send(MessageCodec.Bytes(in reply), []);
        }
    }
}

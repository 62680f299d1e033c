using System.Runtime.CompilerServices;
using DmaHeap.Hosting.Buffers;
using DmaHeap.Linux;
using DmaHeap.Protocol;

namespace DmaHeap.Hosting.Server;

/// <summary>What there is: heaps, buffers, counters.</summary>
internal sealed class QueryRequests(HostCore core)
{
    [ThreadStatic]
    private static BufferRecord[]? t_found;

    public void ListHeaps(Connection connection, in ListHeapsRequest request, Span<byte> scratch)
    {
        if (request.Reserved != 0) RequestFields.Demand(MessageFault.UnknownTail, "ListHeapsRequest.Reserved");
        var list = new ListWriter<HeapEntry>(scratch);
        var left = (long)request.Start;
        foreach (var (name, slot) in core.Registry.Names)
        {
            if (left-- > 0) continue;
            if (!list.TryAdd(Replies.Heap(slot, name))) break;
        }

        connection.Send(list.Finish(request.Header.RequestId, MessageKind.ListHeaps), []);
    }

    public void Statistics(Connection connection, in StatisticsRequest request, Span<byte> scratch)
    {
        var heap = RequestFields.Text(request.Heap, "heap");
        var length = StatisticsReplies.Write(scratch, request.Header.RequestId, core, heap.Length == 0 ? null : core.Registry.Find(heap));
        connection.Send(scratch[..length], []);
    }

    public void Journal(Connection connection, in JournalRequest request, Span<byte> scratch)
    {
        var slot = core.Registry.Find(RequestFields.Text(request.Heap, "heap"));
        if (!SeesAll(connection.Caller))
        {
            throw new HeapException(HeapErrno.Access, HeapCause.AccessDenied, $"user {connection.Caller.UserId} may not read the journal of heap {slot.Name}: root and the host's user may");
        }

        var length = JournalReplies.Write(scratch, request.Header.RequestId, core.Ops, slot, (long)Math.Min(request.After, long.MaxValue));
        connection.Send(scratch[..length], []);
    }

    public void ListBuffers(Connection connection, in ListBuffersRequest request, Span<byte> scratch)
    {
        var heapName = RequestFields.Text(request.Heap, "heap");
        var heap = heapName.Length == 0 ? null : core.Registry.Find(heapName);
        var after = request.After;
        var seesAll = SeesAll(connection.Caller);
        var most = ProtocolConstants.MaxMessageBytes / Unsafe.SizeOf<BufferEntry>() + 1;
        t_found ??= new BufferRecord[most];
        var found = core.Table.Next(after, t_found.AsSpan(0, most), (Heap: heap?.Name, User: connection.Caller.UserId, SeesAll: seesAll), static (record, of) =>
            (of.Heap is null || record.Heap.Name == of.Heap) && (of.SeesAll || record.Owner.UserId == of.User));
        var list = new ListWriter<BufferEntry>(scratch);
        try
        {
            foreach (var record in t_found.AsSpan(0, found))
            {
                if (!list.TryAdd(Replies.Buffer(record, core.Epoch, core.Time))) break;
            }
        }
        finally
        {
            Array.Clear(t_found, 0, found);
        }

        connection.Send(list.Finish(request.Header.RequestId, MessageKind.ListBuffers), []);
    }

    private static bool SeesAll(Caller caller) => caller.UserId == 0 || caller.UserId == ProcessIdentity.EffectiveUserId;
}

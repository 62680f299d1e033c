using System.Runtime.CompilerServices;
using DmaHeap.Linux;
using DmaHeap.Protocol;

namespace DmaHeap.Hosting.Server;

/// <summary>What there is: heaps, buffers, counters.</summary>
internal sealed class QueryRequests(HostCore core)
{
    public void ListHeaps(Connection connection, in ListHeapsRequest request, Span<byte> scratch)
    {
        if (request.Reserved != 0) RequestFields.Demand(MessageFault.UnknownTail, "ListHeapsRequest.Reserved");
        var entries = core.Registry.Slots
            .SelectMany(slot => slot.Definition.Aliases.Prepend(slot.Name).Select(name => Replies.Heap(slot, name)))
            .Skip((int)Math.Min(request.Start, int.MaxValue))
            .ToArray();
        var length = Replies.List<HeapEntry>(scratch, request.Header.RequestId, MessageKind.ListHeaps, entries);
        connection.Send(scratch[..length], []);
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
        var entries = core.Table.Snapshot()
            .Where(record => record.Sequence > after && (heap is null || record.Heap.Name == heap.Name) && (seesAll || record.Owner.UserId == connection.Caller.UserId))
            .OrderBy(record => record.Sequence)
            .Take(most)
            .Select(record => Replies.Buffer(record, core.Allocator.Epoch, core.Time))
            .ToArray();
        var length = Replies.List<BufferEntry>(scratch, request.Header.RequestId, MessageKind.ListBuffers, entries);
        connection.Send(scratch[..length], []);
    }

    private static bool SeesAll(Caller caller) => caller.UserId == 0 || caller.UserId == ProcessIdentity.EffectiveUserId;
}

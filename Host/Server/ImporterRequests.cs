using DmaHeap.Hosting.Importers;
using DmaHeap.Hosting.Ops;
using DmaHeap.Protocol;

namespace DmaHeap.Hosting.Server;

/// <summary>Requests that call ops of a buffer. Their replies are sent by whoever carries them out: as a rule the worker that read them.</summary>
internal sealed class ImporterRequests(HostCore core, UndeliveredCap cap)
{
    private Func<Connection, Importer>? _new;

    public void Attach(Connection connection, in AttachBufferRequest request, WorkerScratch worker)
    {
        var shown = worker.Descriptors.Take(0);
        try
        {
            if ((request.Flags & ~AttachFlags.Contiguous) != 0) throw Flags((uint)request.Flags);
            var constraints = new AttachConstraints
            {
                Alignment = Bytes(request.Alignment, "an alignment"),
                MaxSegmentBytes = Bytes(request.MaxSegmentBytes, "a longest segment"),
                MaxSegments = (int)Math.Min(request.MaxSegments, int.MaxValue),
                Contiguous = (request.Flags & AttachFlags.Contiguous) != 0,
                Caching = (ImporterCaching)request.Caching,
            };
            var record = core.Find(shown);
            var (ours, importer) = (shown, ImporterOf(connection));
            shown = null; // the attachment's from here on, whatever becomes of it
            importer.Attach(request.Attachment, record, ours, constraints, (DataDirection)request.Direction, Reply(connection, request.Header));
        }
        finally
        {
            shown?.Dispose();
        }
    }

    public void Map(Connection connection, in MapRequest request, WorkerScratch worker)
    {
        if (request.Reserved != 0) RequestFields.Demand(MessageFault.UnknownTail, "MapRequest.Reserved");
        ImporterOf(connection).Map(request.Attachment, (DataDirection)request.Direction, Reply(connection, request.Header));
    }

    public void Unmap(Connection connection, in UnmapRequest request, WorkerScratch worker) =>
        ImporterOf(connection).Unmap(request.Attachment, Reply(connection, request.Header));

    public void Detach(Connection connection, in DetachRequest request, WorkerScratch worker) =>
        ImporterOf(connection).Detach(request.Attachment, Reply(connection, request.Header));

    public void Vmap(Connection connection, in VmapRequest request, WorkerScratch worker)
    {
        var shown = worker.Descriptors.Take(0);
        try
        {
            var record = core.Find(shown);
            var (ours, importer) = (shown, ImporterOf(connection));
            shown = null;
            importer.Vmap(request.Mapping, record, ours, Reply(connection, request.Header));
        }
        finally
        {
            shown?.Dispose();
        }
    }

    public void Vunmap(Connection connection, in VunmapRequest request, WorkerScratch worker) =>
        ImporterOf(connection).Vunmap(request.Mapping, Reply(connection, request.Header));

    public void CpuAccess(Connection connection, in CpuAccessRequest request, WorkerScratch worker)
    {
        var record = core.Find(worker.Descriptors.Lend(0));
        if (!CpuAccessFlags.TryRead(request.SyncFlags, out var direction, out var isEnd))
        {
            throw new HeapException(HeapErrno.Invalid, HeapCause.BadFlags, $"sync flags 0x{request.SyncFlags:x}: READ 1 or WRITE 2 or both, and END 4, are what there is");
        }

        // What the heap is called for keeps the buffer until it has returned; what it does not hear of needs no descriptor.
        var (importer, reply) = (ImporterOf(connection), Reply(connection, request.Header));
        var shown = record.Heap.HasCpuAccessHooks(record.Buffer) ? worker.Descriptors.Take(0) : null;
        if (isEnd) importer.EndCpuAccess(record, shown, direction, reply);
        else importer.BeginCpuAccess(record, shown, direction, reply);
    }

    private static long Bytes(ulong value, string what) => value <= long.MaxValue
        ? (long)value
        : throw RequestFields.Bad($"an importer asks for {what} of {value} bytes, which no memory has");

    private static HeapException Flags(uint flags) =>
        new(HeapErrno.Invalid, HeapCause.BadFlags, $"attach flags 0x{flags & ~(uint)AttachFlags.Contiguous:x} are unknown; contiguous 1 is what there is");

    private OpAsker Reply(Connection connection, in MessageHeader request) => new(connection.ReplyBy(cap), request);

    private Importer ImporterOf(Connection connection) => connection.ImporterBy(_new ??= New);

    private Importer New(Connection connection) =>
        core.NewImporter(connection.Caller, () => PeerIdentity.ExecutableOf(connection.Socket, connection.Caller.ProcessId));
}

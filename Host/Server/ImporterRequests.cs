using DmaHeap.Hosting.Importers;
using DmaHeap.Hosting.Ops;
using DmaHeap.Linux;
using DmaHeap.Protocol;

namespace DmaHeap.Hosting.Server;

/// <summary>Requests that call ops of a buffer. Their replies are sent by whoever carries them out: as a rule the worker that read them.</summary>
internal sealed class ImporterRequests(HostCore core, UndeliveredCap cap)
{
    private Func<Connection, Importer>? _new;
    private AttachConstraints _lastConstraints = AttachConstraints.None;

    public void Attach(Connection connection, in AttachBufferRequest request, WorkerScratch worker)
    {
        if ((request.Flags & ~AttachFlags.Contiguous) != 0) throw Flags((uint)request.Flags);
        var constraints = ConstraintsOf(in request);
        var record = core.Find(worker.Descriptors.Lend(0));
        try
        {
            ImporterOf(connection).Attach(request.Attachment, record, TakeShown(worker), constraints, (DataDirection)request.Direction, Reply(connection, request.Header));
        }
        finally
        {
            worker.Shown.Clear(); // where nobody kept it
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
        var record = core.Find(worker.Descriptors.Lend(0));
        try
        {
            ImporterOf(connection).Vmap(request.Mapping, record, TakeShown(worker), Reply(connection, request.Header));
        }
        finally
        {
            worker.Shown.Clear();
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
        var shown = record.Heap.HasCpuAccessHooks(record.Buffer) ? TakeShown(worker) : null;
        if (isEnd) importer.EndCpuAccess(record, shown, direction, reply);
        else importer.BeginCpuAccess(record, shown, direction, reply);
    }

    private static ReusableDescriptor TakeShown(WorkerScratch worker)
    {
        worker.Descriptors.Take(0, worker.Shown);
        return worker.Shown;
    }

    // Importers ask for the same again and again, and an object that does not change may be anybody's.
    private AttachConstraints ConstraintsOf(in AttachBufferRequest request)
    {
        var (alignment, longest) = (Bytes(request.Alignment, "an alignment"), Bytes(request.MaxSegmentBytes, "a longest segment"));
        var (most, contiguous) = ((int)Math.Min(request.MaxSegments, int.MaxValue), (request.Flags & AttachFlags.Contiguous) != 0);
        var caching = (ImporterCaching)request.Caching;
        var last = Volatile.Read(ref _lastConstraints);
        if ((last.Alignment, last.MaxSegmentBytes, last.MaxSegments, last.Contiguous, last.Caching) == (alignment, longest, most, contiguous, caching)) return last;
        var made = new AttachConstraints { Alignment = alignment, MaxSegmentBytes = longest, MaxSegments = most, Contiguous = contiguous, Caching = caching };
        Volatile.Write(ref _lastConstraints, made);
        return made;
    }

    private static long Bytes(ulong value, string what) => value <= long.MaxValue
        ? (long)value
        : throw RequestFields.Bad($"an importer asks for {what} of {value} bytes, which no memory has");

    private static HeapException Flags(uint flags) =>
        new(HeapErrno.Invalid, HeapCause.BadFlags, $"attach flags 0x{flags & ~(uint)AttachFlags.Contiguous:x} are unknown; contiguous 1 is what there is");

    private OpAsker Reply(Connection connection, in MessageHeader request) => new(connection.ReplyBy(cap), request);

    private Importer ImporterOf(Connection connection) => connection.ImporterBy(_new ??= New);

    private Importer New(Connection connection)
    {
        var last = "";
        return core.NewImporter(connection.Caller, () => last = PeerIdentity.ExecutableOf(connection.Socket, connection.Caller.ProcessId, last));
    }
}

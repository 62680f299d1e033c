using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DmaHeap.Hosting.Allocation;
using DmaHeap.Linux;
using DmaHeap.Protocol;

namespace DmaHeap.Hosting.Server;

/// <summary>
/// Allocation on behalf of a client: some buffers, made one by one and sent in one reply, or taken back. One way for all: a request for one buffer, for some of one size and for a batch of
/// several sizes each become lengths in the worker's <see cref="BufferBatch"/>, and differ in how they are read and answered.
/// </summary>
internal sealed class AllocateRequests(HostCore core, UndeliveredCap cap)
{
    /// <summary>One size.</summary>
    public void Allocate(Connection connection, in AllocateRequest request, WorkerScratch worker)
    {
        if (request.Count is 0 or > ProtocolConstants.MaxDescriptors) throw RequestFields.Bad($"{request.Count} buffers were asked for in one request; 1 to {ProtocolConstants.MaxDescriptors} can be");
        worker.Batch.Begin();
        worker.Batch.TryAsk(request.Length, request.Count);
        Serve(connection, in request, worker);
    }

    /// <summary>Several sizes.</summary>
    public void Allocate(Connection connection, ReadOnlySpan<byte> packet, WorkerScratch worker)
    {
        var request = RequestFields.ReadHead<AllocateBatchRequest>(packet, out var behind);
        worker.Batch.Begin();
        Ask(worker.Batch, request.SizeCount, behind);
        Serve(connection, CommonOf(in request), worker);
    }

    private static AllocateRequest CommonOf(in AllocateBatchRequest batch) => new()
    {
        Header = batch.Header,
        FileFlags = batch.FileFlags,
        HeapFlags = batch.HeapFlags,
        Options = batch.Options,
        ExpectedImporters = batch.ExpectedImporters,
        Heap = batch.Heap,
        Name = batch.Name,
        Alignment = batch.Alignment,
        MaxSegments = batch.MaxSegments,
        Reserved = batch.Reserved,
    };

    private static void Ask(BufferBatch batch, uint count, ReadOnlySpan<byte> behind)
    {
        if (count is 0 or > ProtocolConstants.MaxDescriptors) throw RequestFields.Bad($"a batch of {count} sizes was asked for; 1 to {ProtocolConstants.MaxDescriptors} can be");
        var bytes = (int)count * Unsafe.SizeOf<BatchSize>();
        if (behind.Length < bytes) RequestFields.Demand(MessageFault.Short, nameof(BatchSize));
        RequestFields.DemandZero(behind[bytes..], nameof(AllocateBatchRequest));
        foreach (ref readonly var size in MemoryMarshal.Cast<byte, BatchSize>(behind[..bytes]))
        {
            if (size.Reserved != 0) RequestFields.Demand(MessageFault.UnknownTail, "BatchSize.Reserved");
            if (size.Count == 0) throw RequestFields.Bad($"a batch has 0 buffers of {size.Length} bytes; leave the size out");
            if (size.Length == 0) throw new HeapException(HeapErrno.Invalid, HeapCause.BadLength, "a buffer of 0 bytes cannot be allocated");
            if (!batch.TryAsk(size.Length, size.Count)) throw RequestFields.Bad($"a batch has more than {ProtocolConstants.MaxDescriptors} buffers in all");
        }
    }

    private void Serve(Connection connection, in AllocateRequest request, WorkerScratch worker)
    {
        if ((request.Options & ~AllocateOptions.AsManyAsFit) != 0) throw RequestFields.Bad($"the options {(uint)request.Options} are unknown");
        if (request.Reserved != 0) RequestFields.Demand(MessageFault.UnknownTail, "the allocation's Reserved");
        var early = worker.EarlyRefusalOf(connection, request.Header.RequestId);
        var asked = new BufferRequest
        {
            Heap = RequestFields.Text(request.Heap, "heap"),
            Length = 0, // each its own
            FileFlags = request.FileFlags,
            HeapFlags = request.HeapFlags,
            Name = RequestFields.Text(request.Name, "name"),
            Caller = connection.Caller,
            ExpectedImporters = (int)Math.Min(request.ExpectedImporters, int.MaxValue),
            Alignment = request.Alignment,
            MaxSegments = (int)Math.Min(request.MaxSegments, int.MaxValue),
            Domain = connection.Domain,
            WhenGivenUp = early,
        };
        var count = worker.Batch.Lengths.Length;
        cap.Reserve(connection, count);
        var sent = 0;
        try
        {
            sent = AllocateAndSend(connection, request.Header, in asked, request.Options, early, worker);
        }
        catch (HeapException) when (early.WasSent)
        {
            // The heap came back too late; the client knows.
        }
        finally
        {
            worker.Batch.Clear();
            if (sent < count) cap.Return(connection, count - sent);
        }
    }

    private int AllocateAndSend(Connection connection, in MessageHeader header, in BufferRequest asked, AllocateOptions options, EarlyRefusal early, WorkerScratch worker)
    {
        var batch = worker.Batch;
        try
        {
            var stoppedBy = AllocateAll(connection, in header, in asked, options, early, batch);
            var length = AllocateReplies.Write(worker.Reply, in header, batch.Made, stoppedBy, core.Epoch);
            Send(connection, worker.Reply.AsSpan(0, length), batch);
        }
        catch
        {
            while (batch.TryTakeLast(out var last, out var descriptor)) core.Allocator.Discard(last, descriptor);
            throw;
        }

        core.Probe.Reached(AllocationStep.Replied);
        foreach (var record in batch.Made) core.Records.LetGo(record);
        return batch.Made.Length;
    }

    private void Send(Connection connection, ReadOnlySpan<byte> reply, BufferBatch batch)
    {
        core.Late.BeginHandover();
        try
        {
            var errno = connection.Send(reply, batch.Descriptors);
            if (errno != Errno.None) throw RequestFields.NotSent(errno);
            batch.CloseDescriptors();
        }
        finally
        {
            core.Late.EndHandover();
        }
    }

    // Returns the errno that stopped it short, or 0. The request is no longer under way when this returns: its number is free before the client can see the reply.
    private int AllocateAll(Connection connection, in MessageHeader header, in BufferRequest asked, AllocateOptions options, EarlyRefusal early, BufferBatch batch)
    {
        var cancellation = connection.Begin(header.RequestId) ?? throw new ProtocolFaultException($"request {header.RequestId} is under way already");
        try
        {
            foreach (var length in batch.Lengths)
            {
                // The rest of a batch is not made for somebody who is gone.
                if (batch.Made.Length > 0 && cancellation.IsCancellationRequested) throw Allocator.Withdrawn();
                batch.Add(core.Allocator.Allocate(asked with { Length = length }, batch.Next, cancellation.Token));
            }

            return 0;
        }
        catch (HeapException refusal) when (
            options.HasFlag(AllocateOptions.AsManyAsFit) && batch.Made.Length > 0 && refusal.Errno != HeapErrno.Interrupted && !early.WasSent)
        {
            return (int)refusal.Errno;
        }
        finally
        {
            connection.End(header.RequestId);
        }
    }
}

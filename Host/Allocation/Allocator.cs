using DmaHeap.Hosting.Buffers;
using DmaHeap.Hosting.Heaps;
using DmaHeap.Hosting.Lifetime;
using DmaHeap.Hosting.Memory;
using DmaHeap.Hosting.Memory.Recycling;
using DmaHeap.Hosting.Policy;
using DmaHeap.Hosting.Reclaim;
using DmaHeap.Linux;
using Microsoft.Extensions.Logging;

namespace DmaHeap.Hosting.Allocation;

/// <summary>
/// One allocation from request to exported buffer, and the one place that undoes a half-made one, in reverse. Runs on the thread that read the request.
/// Thread-safe; no lock is held while the heap is called.
/// </summary>
internal sealed class Allocator(
    Func<HeapRegistry> registry, Quotas quotas, BufferRecords records, Exporter exporter, LateReleases late, Releaser releaser, Relief relief, TimeProvider time, ILogger log, IAllocationProbe probe)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    /// <param name="request">What is asked for.</param>
    /// <param name="client">Where the client's descriptor goes, empty until then, and after a failure.</param>
    /// <param name="cancellationToken">Withdraws the request.</param>
    /// <returns>The buffer, which the caller lets go of (<see cref="BufferRecords.LetGo"/>) when it has handed out the descriptor and looks at it no more; or discards.</returns>
    /// <exception cref="HeapException">The only exception there is: what the client is told. Refusals are counted and logged here.</exception>
    public BufferRecord Allocate(in BufferRequest request, ReusableDescriptor client, CancellationToken cancellationToken)
    {
        HeapSlot? slot = null;
        try
        {
            var record = AllocateOrTryAgain(in request, client, ref slot, cancellationToken);
            if (log.IsEnabled(LogLevel.Debug))
                HostLog.BufferAllocated(log, record.Length, request.Caller.UserId, request.Caller.ProcessId, record.Heap.Name, record.Sequence, CurrentRequest.Text);
            return record;
        }
        catch (HeapException refusal)
        {
            slot?.Statistics.Failed(refusal.Cause);
            HostLog.AllocationRefused(log, request.Caller.UserId, request.Caller.ProcessId, request.Heap, refusal.Message, (Errno)(int)refusal.Errno, refusal.Cause, CurrentRequest.Text);
            throw;
        }
    }

    /// <summary>Takes back a buffer that could not be sent. Its descriptor must not have left the host.</summary>
    public void Discard(BufferRecord record, ReusableDescriptor client)
    {
        if (exporter.Withdraw(record, client)) releaser.Release(record, ReleaseReason.ExportFailed);
    }

    private BufferRecord AllocateOrTryAgain(in BufferRequest request, ReusableDescriptor client, ref HeapSlot? slot, CancellationToken cancellationToken)
    {
        var tries = new SecondTries(late, relief);
        while (true)
        {
            slot = Enter(request.Heap, cancellationToken);
            try
            {
                return Allocate(slot, in request, client, cancellationToken);
            }
            catch (HeapException refusal)
            {
                if (cancellationToken.IsCancellationRequested || !tries.AreWorthOneMore(refusal, (long)Math.Min(request.Length, long.MaxValue), slot.Name)) throw;
            }
        }
    }

    // Whoever was let in finishes with this heap, and its buffer keeps the slot. A slot that was replaced meanwhile lets nobody in: then its successor is there already.
    private HeapSlot Enter(string heap, CancellationToken cancellationToken)
    {
        while (true)
        {
            var slot = registry().Find(heap);
            if (slot.Use.TryEnter()) return slot;
            try
            {
                if (slot.Use.WaitUntilSettled(s_patience, cancellationToken)) continue;
            }
            catch (OperationCanceledException)
            {
                throw Withdrawn();
            }

            throw new HeapException(HeapErrno.Busy, HeapCause.HeapBusy, $"heap {heap} is being replaced, and its successor does not come up");
        }
    }

    private BufferRecord Allocate(HeapSlot slot, in BufferRequest request, ReusableDescriptor client, CancellationToken cancellationToken)
    {
        long length;
        try
        {
            probe.Reached(AllocationStep.Requested);
            length = Admission.Check(slot, in request);
            quotas.Charge(slot.Accounts, request.Caller.UserId, length);
        }
        catch
        {
            slot.Use.Leave();
            throw;
        }

        var charged = length;
        HeapBuffer? buffer = null;
        BufferRecord? exported = null;
        try
        {
            probe.Reached(AllocationStep.Admitted);
            buffer = CallHeap(slot, in request, length, cancellationToken);
            var memory = ClaimMemory(slot, ref buffer, length);
            if (memory is PageMemory { Ticket: not null } pages) SettleDomain(slot, pages, request.Domain?.Value);
            if (memory.Length > charged)
            {
                quotas.ChargeMore(slot.Accounts, request.Caller.UserId, memory.Length - charged);
                charged = memory.Length;
            }

            ThrowIfMisaligned(slot, memory, (long)request.Alignment);
            probe.Reached(AllocationStep.Allocated);
            var record = records.New(slot, buffer!, memory, request.Caller, request.Name, time.GetTimestamp());
            exporter.Export(record, in request, client);
            exported = record;
            slot.Statistics.Allocated(memory);
            record.MarkExported();
            probe.Reached(AllocationStep.Exported);
            return record;
        }
        catch (Exception exception)
        {
            Undo(slot, buffer, exported, client, request.Caller.UserId, charged);
            throw exception as HeapException ?? Unexpected(exception);
        }
        finally
        {
            MemoryService.EndAllocation();
        }
    }

    private HeapBuffer CallHeap(HeapSlot slot, in BufferRequest request, long length, CancellationToken cancellationToken)
    {
        var asked = new AllocationRequest
        {
            Length = length,
            RequestId = CurrentRequest.Id,
            HeapFlags = request.HeapFlags,
            Name = request.Name,
            Caller = request.Caller,
            Commit = slot.Definition.Commit,
            Cached = slot.Definition.Cached,
            ExpectedImporters = request.ExpectedImporters,
            Alignment = (long)request.Alignment,
            MaxSegments = request.MaxSegments,
        };
        MemoryService.BeginAllocation(request.Name, slot.Memory is { Recycles: true } ? request.Domain?.Value : null);
        try
        {
            return slot.Heap!.Allocate(in asked, cancellationToken) ?? throw new InvalidOperationException("Allocate returned null.");
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw Withdrawn();
        }
        catch (Exception exception) when (exception is not HeapException)
        {
            throw Faulted(slot, nameof(IHeap.Allocate), exception);
        }
    }

    private HeapException Faulted(HeapSlot slot, string hook, Exception exception)
    {
        HeapFaults.Report(slot, hook, exception, log);
        return new HeapException(HeapErrno.InputOutput, HeapCause.HeapFault, $"heap {slot.Name} failed: {exception.Message}", exception);
    }

    /// <summary>What a withdrawn request is answered with, if anybody is left to hear it.</summary>
    public static HeapException Withdrawn() => new(HeapErrno.Interrupted, HeapCause.Cancelled, "the request was withdrawn, or its client is gone");

    // Whatever the heap returned is paired with a release from here on, but for an object that belongs to another buffer already.
    private static HostMemory ClaimMemory(HeapSlot slot, ref HeapBuffer? buffer, long length)
    {
        if (buffer!.Memory is not HostMemory memory) throw Fault("a buffer over memory that is not of the host's memory service");
        if (!memory.TryClaim())
        {
            buffer = null;
            throw Fault("memory that another buffer has already");
        }

        if (memory.Length < length) throw Fault($"{memory.Length} bytes where {length} were asked for");
        return memory;

        HeapException Fault(string what) => new(HeapErrno.InputOutput, HeapCause.HeapFault, $"heap {slot.Name} broke the contract: it returned {what}");
    }

    // A heap that keeps memory in stock may hand one client what it took in another's request. New memory is only not recycled then.
    private static void SettleDomain(HeapSlot slot, PageMemory memory, TrustDomain? domain)
    {
        if (memory.Ticket!.Domain == domain) return;
        if (!memory.WasUsed)
        {
            memory.Ticket = null;
            return;
        }

        throw new HeapException(HeapErrno.InputOutput, HeapCause.HeapFault,
            $"heap {slot.Name} returned memory that it took for another user or control group, and that they used before: a heap that keeps memory in stock does not go with \"recycle\": \"domain\"");
    }

    // A heap that cannot align, or does not look, is no reason to hand out what was not asked for. Opaque memory is aligned when it is mapped, if at all.
    private static void ThrowIfMisaligned(HeapSlot slot, HostMemory memory, long alignment)
    {
        if (alignment <= memory.PageSize || memory.Kind == MemoryKind.Opaque) return;
        if (memory.Kind == MemoryKind.Range && memory.OffsetInFile % alignment == 0) return;
        throw new HeapException(HeapErrno.Invalid, HeapCause.ConstraintsNotMet,
            $"an alignment of {new ByteSize(alignment).ToText()} was asked for, and heap {slot.Name} gives pages of {new ByteSize(memory.PageSize).ToText()}");
    }

    private void Undo(HeapSlot slot, HeapBuffer? buffer, BufferRecord? exported, ReusableDescriptor client, uint userId, long charged)
    {
        if (exported is not null)
        {
            slot.Statistics.Released(exported.Memory);
            exporter.Withdraw(exported, client);
        }

        if (buffer is not null) releaser.CallHeap(slot, buffer, ReleaseReason.ExportFailed);
        quotas.Refund(slot.Accounts, userId, charged);
        slot.Use.Leave();
    }

    private HeapException Unexpected(Exception exception)
    {
        HostLog.AllocationFailed(log, CurrentRequest.Text, exception);
        return new HeapException(HeapErrno.InputOutput, HeapCause.System, $"the host failed: {exception.Message}", exception);
    }
}

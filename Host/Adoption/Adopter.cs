using DmaHeap.Hosting.Buffers;
using DmaHeap.Hosting.Heaps;
using DmaHeap.Hosting.Lifetime;
using DmaHeap.Hosting.Policy;
using DmaHeap.Linux;
using DmaHeap.Protocol;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Adoption;

/// <summary>
/// Takes over buffers that a host before this one handed out and that somebody shows: they are counted, charged to whoever shows them first, or was named with what a service manager kept, and
/// released when their last reference is gone, all by the host. The heap's own object ended with the host that made it, so the heap is not called, as with a buffer whose heap ended before it. Thread-safe.
/// </summary>
internal sealed class Adopter(Func<HeapRegistry> registry, Quotas quotas, BufferWatches watches, BufferRecords records, TimeProvider time, ILogger log)
{
    /// <summary>Adopts the buffer, or finds it where that was done.</summary>
    /// <param name="shown">A descriptor of it; it stays the caller's.</param>
    /// <param name="name">What it is called now; empty for the name it was made with.</param>
    /// <param name="former">Its id under the host before; for the log.</param>
    /// <param name="caller">Who shows it.</param>
    /// <exception cref="HeapException">EINVAL: it is none of ours, or its memory is lost. ENOENT: its heap is no longer served. EACCES: the caller may not use that.</exception>
    public BufferRecord Adopt(SafeFileHandle shown, string name, BufferId former, Caller caller)
    {
        if (watches.Identify(shown) is { } known) return known;
        try
        {
            var (record, isNew) = AdoptNew(shown, name, caller, slot => ThrowIfMayNot(caller, slot));
            if (isNew) HostLog.BufferAdopted(log, record.Length, record.Heap.Name, former, caller.UserId, caller.ProcessId, record.Sequence);
            return record;
        }
        catch (HeapException refusal)
        {
            HostLog.AdoptionRefused(log, caller.UserId, caller.ProcessId, former, refusal.Message, (Errno)(int)refusal.Errno, refusal.Cause);
            throw;
        }
    }

    /// <summary>
    /// Adopts a buffer that a service manager kept, and closes the descriptor, which alone would keep it alive. Nobody gets at it by this, so nobody's right to the heap is asked for. What is
    /// none is told in the log.
    /// </summary>
    public void AdoptStored(StoredBuffer stored)
    {
        using var kept = stored.Descriptor;
        try
        {
            if (watches.Identify(kept) is not null) return; // stored twice
            var (record, isNew) = AdoptNew(kept, "", Caller.Unknown with { UserId = stored.UserId }, static _ => { });
            if (isNew) HostLog.StoredBufferAdopted(log, record.Length, record.Heap.Name, stored.Name, stored.UserId, record.Sequence);
        }
        catch (HeapException refusal)
        {
            HostLog.StoredBufferRefused(log, stored.Name, refusal.Message, (Errno)(int)refusal.Errno, refusal.Cause);
        }
    }

    private static void ThrowIfMayNot(Caller caller, HeapSlot slot)
    {
        if (!slot.Access.Allows(caller)) throw new HeapException(HeapErrno.Access, HeapCause.AccessDenied, $"user {caller.UserId} may not use heap {slot.Name}, whose buffer this is");
    }

    private (BufferRecord Record, bool IsNew) AdoptNew(SafeFileHandle shown, string name, Caller owner, Action<HeapSlot> throwIfRefused)
    {
        var file = FormerBuffer.Read(shown);
        var slot = registry().Find(file.Heap);
        throwIfRefused(slot);
        FormerBuffer.Mark(shown);

        // Beyond any limit, if need be: the memory is there already, and not to count it would be wrong. Allocations wait until there is room again.
        quotas.ChargeAnyway(slot.Accounts, owner.UserId, file.Length);
        var record = records.Adopted(slot, new AdoptedMemory(file.Length, file.PageSize), owner, name.Length > 0 ? name : file.Name, time.GetTimestamp());
        slot.Statistics.Adopted(file.Length);
        try
        {
            if (watches.FindOrTrack(shown, record) is not { } other) return (record, true);
            Forget(record);
            return (other, false); // somebody else showed it at the same moment
        }
        catch
        {
            Forget(record);
            throw;
        }
    }

    private void Forget(BufferRecord record)
    {
        record.Heap.Statistics.NotAdopted(record.Length);
        quotas.Refund(record.Heap.Accounts, record.Owner.UserId, record.Length);
    }
}

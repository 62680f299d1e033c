using DmaHeap.Hosting.Allocation;
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
/// Takes over buffers that a host before this one handed out and that somebody shows: they are counted, charged to whoever shows them first, and released when their last reference is gone,
/// all by the host. The heap's own object ended with the host that made it, so the heap is not called, as with a buffer whose heap ended before it. Thread-safe.
/// </summary>
internal sealed class Adopter(Func<HeapRegistry> registry, Quotas quotas, ReleaseWatch watch, Allocator allocator, TimeProvider time, ILogger log)
{
    /// <summary>Adopts the buffer, or finds it where that was done.</summary>
    /// <param name="shown">A descriptor of it; it stays the caller's.</param>
    /// <param name="name">What it is called now; empty for the name it was made with.</param>
    /// <param name="former">Its id under the host before; for the log.</param>
    /// <param name="caller">Who shows it.</param>
    /// <exception cref="HeapException">EINVAL: it is none of ours, or its memory is lost. ENOENT: its heap is no longer served. EACCES: the caller may not use that.</exception>
    public BufferRecord Adopt(SafeFileHandle shown, string name, BufferId former, Caller caller)
    {
        if (watch.Identify(shown) is { } known) return known;
        try
        {
            return AdoptNew(shown, name, former, caller);
        }
        catch (HeapException refusal)
        {
            HostLog.AdoptionRefused(log, caller.UserId, caller.ProcessId, former, refusal.Message, (Errno)(int)refusal.Errno, refusal.Cause);
            throw;
        }
    }

    private BufferRecord AdoptNew(SafeFileHandle shown, string name, BufferId former, Caller caller)
    {
        var file = FormerBuffer.Read(shown);
        var slot = registry().Find(file.Heap);
        if (!slot.Access.Allows(caller)) throw new HeapException(HeapErrno.Access, HeapCause.AccessDenied, $"user {caller.UserId} may not use heap {slot.Name}, whose buffer this is");

        // Beyond any limit, if need be: the memory is there already, and not to count it would be wrong. Allocations wait until there is room again.
        quotas.ChargeAnyway(slot.Accounts, caller.UserId, file.Length);
        var record = BufferRecord.Adopted(allocator.NextSequence(), slot, new AdoptedMemory(file.Length, file.PageSize), caller, name.Length > 0 ? name : file.Name, time.GetTimestamp());
        slot.Statistics.Adopted(file.Length);
        try
        {
            if (watch.FindOrTrack(shown, record) is not { } other)
            {
                HostLog.BufferAdopted(log, file.Length, slot.Name, former, caller.UserId, caller.ProcessId, record.Sequence);
                return record;
            }

            Forget(record);
            return other; // somebody else showed it at the same moment
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

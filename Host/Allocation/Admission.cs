using System.Numerics;
using DmaHeap.Hosting.Heaps;
using DmaHeap.Protocol;

namespace DmaHeap.Hosting.Allocation;

/// <summary>The refusals that need no heap: the checks of the ALLOC ioctl, in the kernel's order.</summary>
internal static class Admission
{
    private const uint KnownFileFlags = ProtocolConstants.CloseOnExec | ProtocolConstants.AccessModeMask;
    private const int MaxNameBytes = 31;

    /// <returns>The length in bytes, rounded up to whole pages.</returns>
    /// <exception cref="HeapException">The request cannot be served by anybody.</exception>
    public static long Check(HeapSlot slot, in BufferRequest request)
    {
        if (slot.Heap is null)
        {
            throw new HeapException(HeapErrno.NoDevice, HeapCause.Unavailable, $"heap {slot.Name} is unavailable: {slot.Reason}");
        }

        slot.Health.ThrowIfFaulted(slot.Name);
        if (!slot.Access.Allows(request.Caller))
        {
            throw new HeapException(HeapErrno.Access, HeapCause.AccessDenied,
                $"user {request.Caller.UserId} may not use heap {slot.Name} (mode {Convert.ToString(slot.Access.Mode, 8).PadLeft(4, '0')}, owner {slot.Access.UserId}, group {slot.Access.GroupId})");
        }

        if ((request.FileFlags & ~KnownFileFlags) != 0)
        {
            throw new HeapException(HeapErrno.Invalid, HeapCause.BadFlags,
                $"descriptor flags 0x{request.FileFlags & ~KnownFileFlags:x} are unknown; an access mode and O_CLOEXEC are allowed");
        }

        if (request.HeapFlags != 0)
        {
            throw new HeapException(HeapErrno.Invalid, HeapCause.BadFlags, $"heap flags 0x{request.HeapFlags:x} are unknown; there are none yet");
        }

        if (System.Text.Encoding.UTF8.GetByteCount(request.Name) > MaxNameBytes)
        {
            throw new HeapException(HeapErrno.Invalid, HeapCause.BadName, $"the buffer's name is longer than {MaxNameBytes} bytes");
        }

        if (request.Alignment != 0 && (!BitOperations.IsPow2(request.Alignment) || request.Alignment > long.MaxValue))
        {
            throw new HeapException(HeapErrno.Invalid, HeapCause.BadRequest, $"an alignment of {request.Alignment} bytes was asked for: 0 for none, or a power of two");
        }

        return RoundUp(request.Length);
    }

    private static long RoundUp(ulong length)
    {
        var pageMask = (ulong)Environment.SystemPageSize - 1;
        var rounded = unchecked(length + pageMask) & ~pageMask;
        if (rounded == 0)
        {
            throw new HeapException(HeapErrno.Invalid, HeapCause.BadLength,
                length == 0 ? "a buffer of 0 bytes cannot be allocated" : $"{length} bytes overflow when rounded up to pages");
        }

        if (rounded > long.MaxValue)
        {
            throw new HeapException(HeapErrno.NoMemory, HeapCause.BufferLimit, $"{length} bytes are more than any machine has");
        }

        return (long)rounded;
    }
}

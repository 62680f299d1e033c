using System.Buffers;
using DmaHeap.KernelAbi.Calling;
using DmaHeap.KernelAbi.Calls;
using DmaHeap.Linux;

namespace DmaHeap.KernelAbi.Answers;

/// <summary>Ioctls on a node of /dev/dma_heap, as dma_heap_ioctl answers them. There is one: whatever has number 0 is ALLOC, its type byte is not looked at.</summary>
internal sealed class NodeCalls(IHeapBackend backend, IRefusalLog refusals)
{
    private const int UsualSize = 128;
    private const uint CloseOnExec = 0x80000, AccessMode = 3;
    private static readonly ulong s_pageMask = (ulong)Environment.SystemPageSize - 1;

    public KernelAnswer Answer(string heap, IoctlNumber number, ulong address, ICaller caller, CancellationToken cancellationToken)
    {
        var refusal = new CallRefusals(refusals, "DMA_HEAP_IOCTL_ALLOC", heap, caller);
        if (number.Number != 0) return refusal.RefuseUnknown(Errno.EINVAL, number, "a heap's node has no ioctl but ALLOC");

        // The whole struct of the caller is read and written back, however long: a tail that cannot be is an error as in the kernel, though nobody looks into it.
        var size = number.CopiesIn ? number.Size : 0;
        byte[]? rented = null;
        var bytes = size <= UsualSize ? stackalloc byte[UsualSize] : rented = ArrayPool<byte>.Shared.Rent(size);
        bytes = bytes[..size];
        try
        {
            var read = size == 0 ? Errno.None : caller.Read(address, bytes);
            if (read != Errno.None) return refusal.RefuseForCaller(read);
            return Allocate(heap, bytes, number.CopiesOut, address, caller, refusal, cancellationToken);
        }
        finally
        {
            if (rented is not null) ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private KernelAnswer Allocate(
        string heap, ReadOnlySpan<byte> bytes, bool copiesOut, ulong address, ICaller caller, CallRefusals refusal, CancellationToken cancellationToken)
    {
        var data = AllocationData.Read(bytes);
        if (data.Descriptor != 0) return refusal.Refuse(Errno.EINVAL, RefusalCause.BadRequest, "fd must be 0 on the way in");
        if ((data.DescriptorFlags & ~(CloseOnExec | AccessMode)) != 0)
        {
            return refusal.Refuse(Errno.EINVAL, RefusalCause.BadFlags, "fd_flags are an access mode and O_CLOEXEC, and nothing else");
        }

        if (data.HeapFlags != 0) return refusal.Refuse(Errno.EINVAL, RefusalCause.BadFlags, "heap_flags must be 0: none are defined");
        if ((unchecked(data.Length + s_pageMask) & ~s_pageMask) == 0)
        {
            return refusal.Refuse(Errno.EINVAL, RefusalCause.BadLength, "len is 0, or overflows when rounded up to pages");
        }

        var closeOnExec = (data.DescriptorFlags & CloseOnExec) != 0;
        var order = new BufferOrder(heap, data.Length, (FileAccessMode)(data.DescriptorFlags & AccessMode), closeOnExec, data.HeapFlags, caller.Identity);
        BackendAnswer answer;
        BackendBuffer buffer;
        try
        {
            answer = backend.Allocate(in order, out buffer, cancellationToken);
        }
        catch (Exception exception)
        {
            return refusal.RefuseFaulty(exception);
        }

        if (!answer.IsDone) return refusal.Refuse(in answer);
        if (buffer.Handle is null) return refusal.Refuse(Errno.EIO, RefusalCause.BackendFault, "what serves buffers gave none and said it had");
        using (buffer.Handle)
        {
            var given = DescriptorHandover.Give(caller, buffer.Handle, closeOnExec, address, copiesOut ? bytes : [], AllocationData.DescriptorOffset);
            return given == Errno.None ? KernelAnswer.Return(Errno.None) : refusal.RefuseForCaller(given);
        }
    }
}

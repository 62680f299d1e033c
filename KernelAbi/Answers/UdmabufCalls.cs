using System.Runtime.InteropServices;
using DmaHeap.KernelAbi.Calling;
using DmaHeap.KernelAbi.Calls;
using DmaHeap.Linux;

namespace DmaHeap.KernelAbi.Answers;

/// <summary>Ioctls on /dev/udmabuf, as udmabuf_ioctl answers them. The whole number counts.</summary>
internal sealed class UdmabufCalls(IUdmabufSource source, IRefusalLog refusals)
{
    // The kernel's size_limit_mb, as it is unless somebody changed it.
    private const ulong MostBytes = 64 << 20;
    private static readonly ulong s_pageMask = (ulong)Environment.SystemPageSize - 1;

    public KernelAnswer Answer(IoctlNumber number, ulong address, ICaller caller)
    {
        var refusal = new CallRefusals(refusals, number.Value == KnownIoctls.UdmabufCreateList ? "UDMABUF_CREATE_LIST" : "UDMABUF_CREATE", "", caller);
        if (number.Value == KnownIoctls.UdmabufCreateList)
            return refusal.Refuse(Errno.ENOTTY, RefusalCause.NoUdmabuf, "a descriptor can stand for one whole memfd, which UDMABUF_CREATE takes, and not for a list");
        if (number.Value != KnownIoctls.UdmabufCreate) return refusal.RefuseUnknown(Errno.ENOTTY, number, "/dev/udmabuf has no ioctl of that number, size and direction");

        UdmabufData data = default;
        var errno = caller.Read(address, MemoryMarshal.AsBytes(new Span<UdmabufData>(ref data)));
        if (errno != Errno.None) return refusal.RefuseForCaller(errno);
        if (((data.Offset | data.Length) & s_pageMask) != 0) return refusal.Refuse(Errno.EINVAL, RefusalCause.BadLength, "offset and size are whole pages");
        if (data.Length is 0 or > MostBytes) return refusal.Refuse(Errno.EINVAL, RefusalCause.BadLength, "size is 0, or more than the 64 MiB that the kernel allows");
        return Create(in data, caller, refusal);
    }

    private KernelAnswer Create(in UdmabufData data, ICaller caller, CallRefusals refusal)
    {
        var errno = caller.Take((int)data.Memfd, out var memfd);
        using (memfd)
        {
            if (errno != Errno.None) return refusal.RefuseForCaller(errno);
            errno = source.TryCreate(memfd, data.Offset, data.Length, out var buffer);
            using (buffer)
            {
                if (errno != Errno.None) return Refuse(errno, refusal);
                // Other flags mean nothing to the kernel either.
                errno = caller.Install(buffer, (data.Flags & UdmabufData.CloseOnExec) != 0, out var number);
                return errno == Errno.None ? KernelAnswer.Result(number) : refusal.RefuseForCaller(errno);
            }
        }
    }

    private static KernelAnswer Refuse(Errno errno, CallRefusals refusal) => errno switch
    {
        Errno.EBADF => refusal.Refuse(errno, RefusalCause.BadRequest, "the descriptor given is no memfd"),
        Errno.EINVAL => refusal.Refuse(errno, RefusalCause.BadRequest, "the memfd must have F_SEAL_SHRINK and not F_SEAL_WRITE, and the range must lie inside it"),
        Errno.ENOTTY => refusal.Refuse(errno, RefusalCause.NoUdmabuf, "a descriptor can stand for the whole of a memfd of ordinary pages, and not for a part of one or for huge pages"),
        _ => refusal.Refuse(errno, RefusalCause.NoUdmabuf, $"the memfd cannot be opened again: {errno.Describe()}"),
    };
}

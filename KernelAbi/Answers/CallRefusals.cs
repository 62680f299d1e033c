using DmaHeap.KernelAbi.Calling;
using DmaHeap.KernelAbi.Calls;
using DmaHeap.Linux;

namespace DmaHeap.KernelAbi.Answers;

/// <summary>Makes a refusal of one call: the errno for the program, the reason for the log.</summary>
internal readonly struct CallRefusals(IRefusalLog log, string call, string heap, ICaller caller)
{
    // What Linux calls an error number; the kernel's own codes above it (ERESTARTSYS and the like) must not reach a program.
    private const Errno LastErrno = (Errno)133;

    public KernelAnswer Refuse(Errno errno, string cause, string sentence)
    {
        log.Refused(call, heap, new BackendAnswer(errno, cause, sentence), caller.Identity);
        return KernelAnswer.Return(errno);
    }

    /// <summary>Nothing of that number is served.</summary>
    public KernelAnswer RefuseUnknown(Errno errno, IoctlNumber number, string sentence)
    {
        if (!KnownIoctls.AsksForUdmabuf(number)) return Refuse(errno, RefusalCause.UnknownIoctl, sentence);
        return new CallRefusals(log, "UDMABUF_CREATE", heap, caller).Refuse(
            errno, RefusalCause.NoUdmabuf, "buffers of memfds come from /dev/udmabuf: no heap takes memory that is there already");
    }

    /// <summary>What the backend refused, as its own errno.</summary>
    public KernelAnswer Refuse(in BackendAnswer answer)
    {
        var errno = answer.Errno is > Errno.None and <= LastErrno ? answer.Errno : Errno.EIO;
        return Refuse(errno, answer.Cause ?? RefusalCause.BackendFault, answer.Sentence ?? errno.Describe());
    }

    /// <summary>What access to the caller itself came to.</summary>
    public KernelAnswer RefuseForCaller(Errno errno) => errno switch
    {
        Errno.ESRCH => KernelAnswer.Drop,
        Errno.EFAULT => Refuse(errno, RefusalCause.BadAddress, "the address given cannot be read or written"),
        Errno.EMFILE => Refuse(errno, RefusalCause.ProgramDescriptors, "the program has no free descriptor: see its RLIMIT_NOFILE"),
        _ => Refuse(errno, RefusalCause.BadRequest, errno.Describe()),
    };

    public KernelAnswer RefuseFaulty(Exception exception) => exception is OperationCanceledException
        ? Refuse(Errno.EINTR, RefusalCause.BackendFault, "the request was withdrawn")
        : Refuse(Errno.EIO, RefusalCause.BackendFault, $"what serves buffers failed: {exception.Message}");
}

using DmaHeap.KernelAbi.Calling;
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

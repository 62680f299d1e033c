using DmaHeap.Linux;

namespace DmaHeap.KernelAbi.Answers;

/// <summary>How an ioctl ends. None of those served here has a result other than 0.</summary>
internal readonly record struct KernelAnswer(KernelAnswerKind Kind, Errno Errno)
{
    /// <summary>The descriptor is not ours: let the kernel carry the call out.</summary>
    public static KernelAnswer PassThrough => new(KernelAnswerKind.PassThrough, Errno.None);

    /// <summary>Nobody waits for the answer any more.</summary>
    public static KernelAnswer Drop => new(KernelAnswerKind.Drop, Errno.None);

    /// <summary>The call returns 0, or -1 with this errno.</summary>
    public static KernelAnswer Return(Errno errno) => new(KernelAnswerKind.Return, errno);
}

internal enum KernelAnswerKind
{
    Return = 0,
    PassThrough = 1,
    Drop = 2,
}

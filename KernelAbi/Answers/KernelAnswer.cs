using DmaHeap.Linux;

namespace DmaHeap.KernelAbi.Answers;

/// <summary>How an ioctl ends.</summary>
/// <param name="Kind">How.</param>
/// <param name="Errno">None where the call succeeds.</param>
/// <param name="Value">What it returns then.</param>
internal readonly record struct KernelAnswer(KernelAnswerKind Kind, Errno Errno, int Value = 0)
{
    /// <summary>The descriptor is not ours: let the kernel carry the call out.</summary>
    public static KernelAnswer PassThrough => new(KernelAnswerKind.PassThrough, Errno.None);

    /// <summary>Nobody waits for the answer any more.</summary>
    public static KernelAnswer Drop => new(KernelAnswerKind.Drop, Errno.None);

    /// <summary>The call returns 0, or -1 with this errno.</summary>
    public static KernelAnswer Return(Errno errno) => new(KernelAnswerKind.Return, errno);

    /// <summary>The call returns a number.</summary>
    public static KernelAnswer Result(int value) => new(KernelAnswerKind.Return, Errno.None, value);
}

internal enum KernelAnswerKind
{
    Return = 0,
    PassThrough = 1,
    Drop = 2,
}

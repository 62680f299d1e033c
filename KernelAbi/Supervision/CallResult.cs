using DmaHeap.Linux;

namespace DmaHeap.KernelAbi.Supervision;

/// <summary>How a call that is not an ioctl ends.</summary>
internal readonly record struct CallResult(CallEnd End, long Value = 0)
{
    /// <summary>The kernel carries it out.</summary>
    public static CallResult PassThrough => new(CallEnd.PassThrough);

    /// <summary>It was answered already, or nobody waits.</summary>
    public static CallResult Over => new(CallEnd.Over);

    public static CallResult Return(long value) => new(CallEnd.Return, value);

    public static CallResult Fail(Errno errno) => errno == Errno.ESRCH ? Over : new(CallEnd.Fail, (long)errno);
}

internal enum CallEnd
{
    PassThrough,
    Return,
    Fail,
    Over,
}

namespace DmaHeap.Hosting;

/// <summary>A change of a running host's heaps was refused; what ran goes on.</summary>
/// <param name="errno">What kind of refusal: EBUSY, EINVAL, or the errno with which a heap refused to start.</param>
/// <param name="cause">A stable cause code, one of <see cref="HeapCause"/> as a rule.</param>
/// <param name="message">All the reasons, in sentences.</param>
/// <param name="innerException">What led to it.</param>
public sealed class HeapChangeException(HeapErrno errno, string cause, string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>What kind of refusal.</summary>
    public HeapErrno Errno { get; } = errno;

    /// <summary>A stable cause code.</summary>
    public string Cause { get; } = cause;
}

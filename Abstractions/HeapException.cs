namespace DmaHeap;

/// <summary>
/// How a heap refuses: an errno for the client, a stable cause for machines, a sentence for people. The only exception type of the contract.
/// Any other exception that leaves a hook is logged as a fault of the heap and answered with EIO.
/// </summary>
public sealed class HeapException : Exception
{
    /// <summary>Creates a refusal.</summary>
    /// <param name="errno">What the client's call fails with.</param>
    /// <param name="cause">A stable code from <see cref="HeapCause"/> or of the heap's own: lower case words joined by '-', at most 31 characters.</param>
    /// <param name="message">What was wrong and, where known, what would be right. Sent to the client.</param>
    /// <param name="innerException">What led to it, for the log only.</param>
    public HeapException(HeapErrno errno, string cause, string message, Exception? innerException = null)
        : base(message, innerException)
    {
        ArgumentException.ThrowIfNullOrEmpty(cause);
        Errno = errno;
        Cause = cause;
    }

    /// <summary>What the client's call fails with.</summary>
    public HeapErrno Errno { get; }

    /// <summary>The stable cause code.</summary>
    public string Cause { get; }
}

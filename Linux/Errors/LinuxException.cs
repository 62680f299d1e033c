namespace DmaHeap.Linux;

/// <summary>A syscall failed. The message names the call, its subject, the errno and its sentence:
/// <c>memfd_create("x"): EMFILE, Too many open files</c>.</summary>
public sealed class LinuxException : IOException
{
    /// <summary>Describes a failed call.</summary>
    /// <param name="errno">What the kernel answered.</param>
    /// <param name="call">The syscall's name.</param>
    /// <param name="subject">What it was called on, as it should read between the parentheses; null for nothing.</param>
    public LinuxException(Errno errno, string call, string? subject = null)
        : base($"{call}({subject}): {errno}, {errno.Describe()}")
    {
        Errno = errno;
        Call = call;
    }

    /// <summary>What the kernel answered.</summary>
    public Errno Errno { get; }

    /// <summary>The name of the syscall that failed.</summary>
    public string Call { get; }
}

namespace DmaHeap;

/// <summary>The errors a heap may answer with, by their Linux numbers (the same on x86-64 and arm64).</summary>
public enum HeapErrno
{
    /// <summary>EPERM: this caller may not.</summary>
    NotPermitted = 1,

    /// <summary>ENOENT: no such heap.</summary>
    NoEntry = 2,

    /// <summary>EINTR: the caller went away or withdrew the request.</summary>
    Interrupted = 4,

    /// <summary>EIO: the heap failed.</summary>
    InputOutput = 5,

    /// <summary>EAGAIN: not yet; the same call may succeed later.</summary>
    TryAgain = 11,

    /// <summary>ENOMEM: not enough memory, whatever kind the heap gives out.</summary>
    NoMemory = 12,

    /// <summary>EACCES: this caller may not open the heap.</summary>
    Access = 13,

    /// <summary>EBUSY: in use in a way that excludes the request.</summary>
    Busy = 16,

    /// <summary>ENODEV: the heap or what it needs is not available on this machine.</summary>
    NoDevice = 19,

    /// <summary>EINVAL: the request makes no sense.</summary>
    Invalid = 22,

    /// <summary>EMFILE: no descriptor left in the process.</summary>
    TooManyOpenFiles = 24,

    /// <summary>ENOSPC: a limit of the system other than memory is reached, such as the number of watches.</summary>
    NoSpace = 28,

    /// <summary>EOPNOTSUPP: this buffer does not have the operation.</summary>
    NotSupported = 95,

    /// <summary>ETIMEDOUT: the heap did not answer in time.</summary>
    TimedOut = 110,
}

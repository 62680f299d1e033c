namespace DmaHeap.Heaps;

/// <summary>A call of the host to a heap or one of its buffers; in a script by its name in camelCase.</summary>
public enum FakeHook
{
    /// <summary><see cref="IHeap.Allocate"/>.</summary>
    Allocate,

    /// <summary><see cref="IHeap.Release"/>.</summary>
    Release,

    /// <summary><see cref="HeapBuffer.MmapPolicy"/>, asked once when a buffer is exported.</summary>
    MmapPolicy,

    /// <summary><see cref="HeapBuffer.Attach"/>.</summary>
    Attach,

    /// <summary><see cref="HeapBuffer.Detach"/>.</summary>
    Detach,

    /// <summary><see cref="HeapBuffer.Map"/>.</summary>
    Map,

    /// <summary><see cref="HeapBuffer.Unmap"/>.</summary>
    Unmap,

    /// <summary><see cref="HeapBuffer.BeginCpuAccess"/>.</summary>
    BeginCpuAccess,

    /// <summary><see cref="HeapBuffer.EndCpuAccess"/>.</summary>
    EndCpuAccess,

    /// <summary><see cref="HeapBuffer.Vmap"/>.</summary>
    Vmap,

    /// <summary><see cref="HeapBuffer.Vunmap"/>.</summary>
    Vunmap,

    /// <summary><see cref="IShrinker.Scan"/>.</summary>
    Scan,
}

/// <summary>The errors of <see cref="HeapErrno"/> by the names everybody knows.</summary>
public enum FakeErrno
{
    /// <summary>EPERM.</summary>
    [OptionValue("EPERM")]
    NotPermitted = HeapErrno.NotPermitted,

    /// <summary>ENOENT.</summary>
    [OptionValue("ENOENT")]
    NoEntry = HeapErrno.NoEntry,

    /// <summary>EINTR.</summary>
    [OptionValue("EINTR")]
    Interrupted = HeapErrno.Interrupted,

    /// <summary>EIO.</summary>
    [OptionValue("EIO")]
    InputOutput = HeapErrno.InputOutput,

    /// <summary>EAGAIN.</summary>
    [OptionValue("EAGAIN")]
    TryAgain = HeapErrno.TryAgain,

    /// <summary>ENOMEM.</summary>
    [OptionValue("ENOMEM")]
    NoMemory = HeapErrno.NoMemory,

    /// <summary>EACCES.</summary>
    [OptionValue("EACCES")]
    Access = HeapErrno.Access,

    /// <summary>EBUSY.</summary>
    [OptionValue("EBUSY")]
    Busy = HeapErrno.Busy,

    /// <summary>ENODEV.</summary>
    [OptionValue("ENODEV")]
    NoDevice = HeapErrno.NoDevice,

    /// <summary>EINVAL.</summary>
    [OptionValue("EINVAL")]
    Invalid = HeapErrno.Invalid,

    /// <summary>EMFILE.</summary>
    [OptionValue("EMFILE")]
    TooManyOpenFiles = HeapErrno.TooManyOpenFiles,

    /// <summary>ENOSPC.</summary>
    [OptionValue("ENOSPC")]
    NoSpace = HeapErrno.NoSpace,

    /// <summary>EOPNOTSUPP.</summary>
    [OptionValue("EOPNOTSUPP")]
    NotSupported = HeapErrno.NotSupported,

    /// <summary>ETIMEDOUT.</summary>
    [OptionValue("ETIMEDOUT")]
    TimedOut = HeapErrno.TimedOut,
}

/// <summary>What ends a call that hangs.</summary>
public enum FakeHang
{
    /// <summary>Its caller gives up, or the heap stops: a slow heap that is well behaved.</summary>
    UntilCancelled,

    /// <summary>The heap stops (the host ends, or the heap is swapped or restored); that its caller has gone is not heeded.</summary>
    UntilStopped,

    /// <summary>Nothing: the host's thread is lost for good.</summary>
    Forever,
}

/// <summary>What is wrong with the memory of a buffer.</summary>
public enum FakeMemory
{
    /// <summary>A page less than was asked for. A request for one page gets it, as there is nothing less.</summary>
    Short,

    /// <summary>Filled with the byte 0xA5 instead of zeros.</summary>
    Unzeroed,

    /// <summary>In runs of different lengths, each of which importers get as a segment of its own.</summary>
    Fragmented,
}

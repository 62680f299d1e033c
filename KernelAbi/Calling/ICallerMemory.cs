using DmaHeap.Linux;

namespace DmaHeap.KernelAbi.Calling;

/// <summary>
/// The memory of the process whose call is being answered. All or nothing is reported, as copy_from_user and copy_to_user are used: EFAULT where any byte cannot be reached with
/// the page's own protection, ESRCH where the process or its call is gone, which must be known for certain before what was read is believed.
/// </summary>
internal interface ICallerMemory
{
    Errno Read(ulong address, Span<byte> bytes);

    /// <summary>As <see cref="Read"/>, but what was read may be another process's that has the number by now. Nothing may come of it but an answer to this very call, which
    /// reaches the process that made it or nobody, until <see cref="ICaller.IsWaiting"/> was seen to hold.</summary>
    Errno Peek(ulong address, Span<byte> bytes);

    Errno Write(ulong address, ReadOnlySpan<byte> bytes);
}

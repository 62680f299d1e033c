using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.KernelAbi.Calling;

/// <summary>Makes buffers of a program's own memfds, as the kernel's /dev/udmabuf does. Thread-safe.</summary>
internal interface IUdmabufSource
{
    /// <summary>Makes one of a range.</summary>
    /// <param name="memfd">The program's file; stays the caller's.</param>
    /// <param name="offset">Where the range starts, in bytes; whole pages.</param>
    /// <param name="length">How long it is, in bytes; whole pages, more than none.</param>
    /// <param name="buffer">The buffer, open for reading and writing; the caller's to dispose, invalid on failure.</param>
    /// <returns>EBADF (no memfd), EINVAL (not sealed as it must be, or shorter than the range), ENOTTY (a descriptor cannot stand for that), EMFILE.</returns>
    Errno TryCreate(SafeFileHandle memfd, ulong offset, ulong length, out SafeFileHandle buffer);
}

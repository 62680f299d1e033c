using Microsoft.Win32.SafeHandles;

namespace DmaHeap;

/// <summary>
/// Memory from the host's memory service. It belongs to the heap until <see cref="IHeap.Allocate"/> returns it inside a buffer;
/// from then on to the host. A heap that got memory and then fails disposes it. Immutable and safe from any thread.
/// </summary>
/// <remarks>Only the host implements this; a buffer over anything else is refused as a fault of the heap.</remarks>
public interface IHeapMemory : IDisposable
{
    /// <summary>Length in bytes; a multiple of <see cref="PageSize"/>, so possibly more than was asked for.</summary>
    long Length { get; }

    /// <summary>Size of its pages in bytes. Each page is physically contiguous, and nothing beyond a page is promised to be.</summary>
    long PageSize { get; }

    /// <summary>What stands behind it.</summary>
    MemoryKind Kind { get; }

    /// <summary>
    /// Opens a new descriptor on the memory itself, readable and writable, which the caller owns. It counts as a reference: while it is open the buffer is
    /// not released, so close it before <see cref="IHeap.Allocate"/>, or the op it was opened in, returns.
    /// </summary>
    /// <remarks>
    /// The host keeps no descriptor of memory that it handed out. While an op of the buffer runs that somebody asked for with a descriptor of it (begin and end of CPU
    /// access, attach, map, unmap, detach), it opens that one; not where the op is the end of a process that is gone.
    /// </remarks>
    /// <exception cref="HeapException">EOPNOTSUPP for opaque memory and ranges of a region, and for memory that was handed out when no descriptor of it was shown.</exception>
    SafeFileHandle OpenDescriptor();
}

/// <summary>The kinds of memory the host can describe.</summary>
public enum MemoryKind
{
    /// <summary>Zeroed pages. The descriptor a client gets is the memory.</summary>
    Pages = 0,

    /// <summary>
    /// The descriptor a client gets stands for the buffer and holds no data; what is behind it, if anything, is given only to importers.
    /// </summary>
    Opaque = 1,

    /// <summary>
    /// A range of a file or device. The descriptor a client gets stands for it and holds no data; importers whom the heap trusts with the whole file get that.
    /// </summary>
    Range = 2,
}

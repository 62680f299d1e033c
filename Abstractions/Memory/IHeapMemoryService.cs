namespace DmaHeap;

/// <summary>
/// Where a heap's memory comes from. Pools and huge pages sit beneath it, limits were checked before the heap was asked,
/// and the host tracks each piece to its end. Safe from any thread, also during an op.
/// </summary>
public interface IHeapMemoryService
{
    /// <summary>What this machine can give, as found when the host started.</summary>
    MemoryCapabilities Capabilities { get; }

    /// <summary>Zeroed pages of their own.</summary>
    /// <param name="request">How much, of which pages, when taken.</param>
    /// <returns>Memory of at least the length asked for, rounded up to whole pages.</returns>
    /// <exception cref="HeapException">
    /// ENOMEM: <see cref="HeapCause.NoHugePages"/>, <see cref="HeapCause.NoHeadroom"/>; ENODEV: the page size does not exist here;
    /// EMFILE: <see cref="HeapCause.NoDescriptors"/>.
    /// </exception>
    IHeapMemory AllocatePages(in PageRequest request);

    /// <summary>
    /// A plain buffer over zeroed pages of its own, for a heap that keeps no data per buffer: what <c>new HeapBuffer(AllocatePages(request))</c> is, but the host may have made it of the
    /// objects of a buffer that was released, so that an allocation leaves none on the managed heap.
    /// </summary>
    /// <param name="request">As for <see cref="AllocatePages"/>, and so are the exceptions.</param>
    /// <returns>A buffer to be returned from <see cref="IHeap.Allocate"/>. It and its memory are not the heap's any more once its release has returned: keep no reference to either.</returns>
    HeapBuffer AllocateBuffer(in PageRequest request) => new(AllocatePages(in request));

    /// <summary>A descriptor that cannot be mapped, read or written, tracked like any other buffer's.</summary>
    /// <param name="request">How long it says it is, and what stands behind it.</param>
    /// <exception cref="HeapException">ENODEV <see cref="HeapCause.NoSecretMemory"/> where the kernel has none; EMFILE <see cref="HeapCause.NoDescriptors"/>.</exception>
    IHeapMemory AllocateOpaque(in OpaqueRequest request);

    /// <summary>Opens part of a file or device as a heap's region. Usually called once, when the heap starts.</summary>
    /// <param name="request">Which part of which file.</param>
    /// <returns>The region, which the heap owns.</returns>
    /// <exception cref="HeapException">
    /// ENODEV <see cref="HeapCause.Unavailable"/>: there is no such file, it cannot be opened for reading and writing, is of a kind that cannot be mapped, is too
    /// short, or the offset or length does not fit its pages; EBUSY <see cref="HeapCause.RangeInUse"/>: another heap has a region that overlaps.
    /// </exception>
    IMemoryRegion OpenRegion(in RegionRequest request);

    /// <summary>
    /// A range of a region, zeroed before this returns. Clients get a descriptor that cannot be mapped, since a part of a file cannot be fenced off; importers that
    /// the heap lets have it, by overriding <see cref="HeapBuffer.Map"/>, get the file itself, the offset and the length.
    /// </summary>
    /// <param name="region">A region that <see cref="OpenRegion"/> returned to this heap.</param>
    /// <param name="offset">First byte, from the region's start; a multiple of its page size.</param>
    /// <param name="length">Bytes; a positive multiple of its page size.</param>
    /// <exception cref="HeapException">
    /// EIO <see cref="HeapCause.HeapFault"/>: the range does not lie in the region, or overlaps one that lives; ENOMEM <see cref="HeapCause.NoHugePages"/> or
    /// <see cref="HeapCause.System"/>: what lies beneath the file has no room; the system's errno and <see cref="HeapCause.System"/> when it cannot be written.
    /// </exception>
    IHeapMemory AllocateRange(IMemoryRegion region, long offset, long length);
}

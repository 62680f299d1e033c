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

    /// <summary>A descriptor that cannot be mapped, read or written, tracked like any other buffer's.</summary>
    /// <param name="request">How long it says it is, and what stands behind it.</param>
    /// <exception cref="HeapException">ENODEV <see cref="HeapCause.NoSecretMemory"/> where the kernel has none; EMFILE <see cref="HeapCause.NoDescriptors"/>.</exception>
    IHeapMemory AllocateOpaque(in OpaqueRequest request);
}

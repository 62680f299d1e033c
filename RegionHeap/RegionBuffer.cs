namespace DmaHeap.Heaps;

/// <summary>A buffer of <see cref="RegionHeap"/>: a range of the region, and the trust domain it is for.</summary>
public sealed class RegionBuffer : HeapBuffer
{
    private readonly RegionHeap _heap;

    internal RegionBuffer(RegionHeap heap, IHeapMemory memory, RegionRange range, int domain)
        : base(memory)
    {
        _heap = heap;
        Range = range;
        Domain = domain;
    }

    internal RegionRange Range { get; }

    /// <summary>The domain whose importers alone may map it; none until the first does, where the allocation did not settle it.</summary>
    internal int Domain { get; private set; }

    /// <summary>Whether anybody was given the range.</summary>
    internal bool WasMapped { get; private set; }

    /// <inheritdoc/>
    /// <exception cref="HeapException">EPERM <see cref="HeapCause.ImporterDenied"/>: no rule trusts this importer with the whole file, or the buffer is another trust domain's.</exception>
    public override IReadOnlyList<MemorySegment> Map(BufferAttachment attachment, DataDirection direction)
    {
        ArgumentNullException.ThrowIfNull(attachment);
        Domain = _heap.DomainFor(this, attachment);
        WasMapped = true;
        return MemorySegment.Cut(Memory, attachment.Constraints.SegmentStep(Memory));
    }
}

namespace DmaHeap;

/// <summary>
/// A buffer, as its heap sees it. Use it as it is for plain memory; derive from it to keep data per buffer or to override an op.
/// </summary>
/// <remarks>
/// <para>The virtual members are the ops of the kernel's <c>struct dma_buf_ops</c>; each has a default that serves any memory the host can
/// describe. Override one, some or all.</para>
/// <para><b>Threading.</b> Ops of one buffer are never called concurrently with each other by the host; ops of different buffers are.</para>
/// <para><b>Order.</b> The host enforces it: no map without an attachment, no end without a begin, nothing after the release.
/// A buffer with attachments is not released.</para>
/// <para><b>Errors.</b> A <see cref="HeapException"/> reaches the caller as its errno; any other exception as EIO, with the rest in the log.
/// An op that undoes something (<see cref="Unmap"/>, <see cref="Detach"/>, <see cref="EndCpuAccess"/>) counts as done even when it throws.</para>
/// </remarks>
public class HeapBuffer
{
    /// <summary>Creates a buffer over memory of the host's memory service.</summary>
    /// <param name="memory">
    /// The memory, which from now on belongs to the buffer, and to the host once <see cref="IHeap.Allocate"/> returned the buffer. Each buffer has memory of its own.
    /// </param>
    public HeapBuffer(IHeapMemory memory)
    {
        ArgumentNullException.ThrowIfNull(memory);
        Memory = memory;
    }

    /// <summary>The memory behind the buffer.</summary>
    public IHeapMemory Memory { get; }

    /// <summary>Length in bytes: what <c>lseek(fd, 0, SEEK_END)</c> tells a client.</summary>
    public long Length => Memory.Length;

    /// <summary>
    /// Whether clients may map the descriptor they get. Asked once, when the buffer is exported: a plain mmap never reaches a hook.
    /// The default follows the memory: pages allow, what clients only get a stand-in for refuses.
    /// </summary>
    public virtual MmapPolicy MmapPolicy => Memory.Kind == MemoryKind.Pages ? MmapPolicy.Allowed : MmapPolicy.Refused;

    /// <summary>An importer joins. May refuse it, or return an attachment class of the heap's own.</summary>
    /// <param name="request">Who attaches and what it can take.</param>
    /// <returns>The attachment, handed to every later call that concerns it.</returns>
    /// <exception cref="HeapException">EINVAL <see cref="HeapCause.ConstraintsNotMet"/> when the memory cannot serve the constraints; EPERM or EBUSY as the heap decides.</exception>
    public virtual BufferAttachment Attach(in AttachRequest request)
    {
        request.Constraints.ThrowIfNotMetBy(Memory);
        return new BufferAttachment(in request);
    }

    /// <summary>An importer leaves, or died. Its mappings were unmapped before. The default has nothing to undo.</summary>
    /// <param name="attachment">What <see cref="Attach"/> returned.</param>
    public virtual void Detach(BufferAttachment attachment)
    {
    }

    /// <summary>Gives an attached importer the memory.</summary>
    /// <param name="attachment">What <see cref="Attach"/> returned.</param>
    /// <param name="direction">Which way data will move.</param>
    /// <returns>The memory in order; the lengths add up to at least <see cref="Length"/>. The default cuts the whole memory at the importer's largest segment.</returns>
    /// <exception cref="HeapException">EPERM for opaque memory and ranges of a region, which only a heap that knows whom it trusts gives out by overriding this.</exception>
    public virtual IReadOnlyList<MemorySegment> Map(BufferAttachment attachment, DataDirection direction)
    {
        if (Memory.Kind != MemoryKind.Pages)
        {
            throw new HeapException(HeapErrno.NotPermitted, HeapCause.AccessDenied, "the memory of this buffer is not given to importers");
        }

        return MemorySegment.Cut(Memory, attachment.Constraints.SegmentStep(Memory));
    }

    /// <summary>Takes back what <see cref="Map"/> gave. The default has nothing to undo.</summary>
    /// <param name="attachment">The attachment it was mapped for.</param>
    /// <param name="segments">What <see cref="Map"/> returned.</param>
    /// <param name="direction">The direction it was mapped for.</param>
    public virtual void Unmap(BufferAttachment attachment, IReadOnlyList<MemorySegment> segments, DataDirection direction)
    {
    }

    /// <summary>
    /// A process is about to touch the buffer with the CPU. The default does nothing, and then clients save themselves the message.
    /// </summary>
    /// <param name="access">Who, and which way.</param>
    public virtual void BeginCpuAccess(in CpuAccess access)
    {
    }

    /// <summary>A process is done touching the buffer with the CPU; also called when it died in between. The default does nothing.</summary>
    /// <param name="access">Who, and which way.</param>
    public virtual void EndCpuAccess(in CpuAccess access)
    {
    }

    /// <summary>The whole buffer as one mappable descriptor range, for an importer in software. The default is the memory itself.</summary>
    /// <returns>One segment of at least <see cref="Length"/> bytes.</returns>
    /// <exception cref="HeapException">EOPNOTSUPP for opaque memory and ranges of a region.</exception>
    public virtual MemorySegment Vmap()
    {
        if (Memory.Kind != MemoryKind.Pages)
        {
            throw new HeapException(HeapErrno.NotSupported, HeapCause.AccessDenied, "the memory of this buffer cannot be mapped by a CPU");
        }

        return new MemorySegment(Memory, 0, Length);
    }

    /// <summary>Takes back what <see cref="Vmap"/> gave. The default has nothing to undo.</summary>
    /// <param name="mapping">What <see cref="Vmap"/> returned.</param>
    public virtual void Vunmap(MemorySegment mapping)
    {
    }
}

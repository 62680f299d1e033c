namespace DmaHeap.Heaps;

/// <summary>A buffer of <see cref="SecureHeap"/>: secret memory, and to whom it was given.</summary>
public sealed class SecureBuffer : HeapBuffer
{
    private readonly SecureHeap _heap;
    private readonly List<Recipient> _recipients = [];

    internal SecureBuffer(SecureHeap heap, IHeapMemory memory, in AllocationRequest request)
        : base(memory)
    {
        _heap = heap;
        Text = $"{new ByteSize(memory.Length).ToText()}{(request.Name.Length == 0 ? "" : $" \"{request.Name}\"")}, allocated by process {request.Caller.ProcessId} of user {request.Caller.UserId}";
    }

    /// <summary>The buffer for a sentence.</summary>
    internal string Text { get; }

    /// <summary>Who was given the memory, in order, each once. Complete once the buffer is released.</summary>
    internal IReadOnlyList<Recipient> Recipients => _recipients;

    /// <inheritdoc/>
    /// <exception cref="HeapException">EPERM <see cref="HeapCause.ImporterDenied"/>: no rule of the configuration trusts this importer.</exception>
    public override IReadOnlyList<MemorySegment> Map(BufferAttachment attachment, DataDirection direction)
    {
        ArgumentNullException.ThrowIfNull(attachment);
        _heap.ThrowIfNotTrusted(this, attachment);
        if (!_recipients.Exists(recipient => recipient.Is(attachment))) _recipients.Add(Recipient.Of(attachment));
        return MemorySegment.Cut(Memory, attachment.Constraints.SegmentStep(Memory));
    }
}

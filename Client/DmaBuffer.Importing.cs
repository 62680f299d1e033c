using DmaHeap.Protocol;

namespace DmaHeap.Client;

public sealed partial class DmaBuffer
{
    /// <summary>Attaches this process to the buffer as an importer.</summary>
    /// <param name="constraints">What the importer can take; null for anything.</param>
    /// <param name="direction">Which way it will move data.</param>
    /// <param name="cancellationToken">Withdraws the request, but not the heap's work on it.</param>
    /// <returns>The attachment, the caller's to dispose, which detaches.</returns>
    /// <exception cref="DmaHeapException">EINVAL: <c>unknown-buffer</c>, or <c>constraints-not-met</c>, which says what would fit. EPERM, EBUSY: the heap refused. EMFILE: this user
    /// has as many attachments as it may.</exception>
    /// <exception cref="InvalidOperationException">This object was made of a descriptor without asking a host: use <see cref="DmaHeapClient.Import"/>.</exception>
    public async Task<DmaAttachment> AttachAsync(
        DmaAttachConstraints? constraints = null, DmaDirection direction = DmaDirection.Bidirectional, CancellationToken cancellationToken = default)
    {
        var attachment = StartAttach(constraints, direction, cancellationToken);
        await attachment.Attached.ConfigureAwait(false);
        return attachment;
    }

    /// <summary>Attaches this process to the buffer as an importer, on this thread.</summary>
    /// <inheritdoc cref="AttachAsync"/>
    public DmaAttachment Attach(DmaAttachConstraints? constraints = null, DmaDirection direction = DmaDirection.Bidirectional, CancellationToken cancellationToken = default)
    {
        var (client, request) = (Importing(), Request(constraints, direction));
        request.Attachment = client.NextNumber();
        client.Connection.Execute(new DoneCall(MessageKind.Attach), ref request, Handle, cancellationToken);
        return new DmaAttachment(client, request.Attachment, direction, Task.CompletedTask);
    }

    /// <summary>Asks to attach without waiting for the answer, so that what follows can be sent at once; <see cref="DmaAttachment.Attached"/> says how it went.</summary>
    /// <inheritdoc cref="AttachAsync"/>
    public DmaAttachment StartAttach(
        DmaAttachConstraints? constraints = null, DmaDirection direction = DmaDirection.Bidirectional, CancellationToken cancellationToken = default)
    {
        var (client, request) = (Importing(), Request(constraints, direction));
        request.Attachment = client.NextNumber();
        return new DmaAttachment(client, request.Attachment, direction,
            client.Connection.ExecuteAsync(new DoneCall(MessageKind.Attach), request, Handle, cancellationToken));
    }

    /// <summary>Asks the heap for the whole buffer as one range that a CPU can map, which for plain memory is the buffer itself.</summary>
    /// <param name="cancellationToken">Withdraws the request, but not the heap's work on it.</param>
    /// <returns>One segment; disposing it takes it back. The host does not release the buffer meanwhile.</returns>
    /// <exception cref="DmaHeapException">EINVAL <c>unknown-buffer</c>; EOPNOTSUPP: the memory cannot be mapped by a CPU; EMFILE.</exception>
    /// <exception cref="InvalidOperationException">This object was made of a descriptor without asking a host: use <see cref="DmaHeapClient.Import"/>.</exception>
    public async Task<DmaAttachmentMapping> VmapAsync(CancellationToken cancellationToken = default)
    {
        var client = Importing();
        var number = client.NextNumber();
        var call = new MapCall(MessageKind.Vmap);
        await client.Connection.ExecuteAsync(call, new VmapRequest { Mapping = number }, Handle, cancellationToken).ConfigureAwait(false);
        return new DmaAttachmentMapping(call.Take(), wait => Vunmap(client, number, wait));
    }

    /// <summary>Asks the heap for the whole buffer as one range that a CPU can map, on this thread.</summary>
    /// <inheritdoc cref="VmapAsync"/>
    public DmaAttachmentMapping Vmap(CancellationToken cancellationToken = default)
    {
        var client = Importing();
        var (call, request) = (new MapCall(MessageKind.Vmap), new VmapRequest { Mapping = client.NextNumber() });
        client.Connection.Execute(call, ref request, Handle, cancellationToken);
        return new DmaAttachmentMapping(call.Take(), wait => Vunmap(client, request.Mapping, wait));
    }

    static Task Vunmap(DmaHeapClient client, ulong number, bool wait)
    {
        var (call, request) = (new DoneCall(MessageKind.Vunmap), new VunmapRequest { Mapping = number });
        if (!wait) return client.Connection.ExecuteAsync(call, request, null, CancellationToken.None);
        client.Connection.Execute(call, ref request, null, CancellationToken.None);
        return Task.CompletedTask;
    }

    static AttachBufferRequest Request(DmaAttachConstraints? constraints, DmaDirection direction)
    {
        constraints ??= DmaAttachConstraints.None;
        ArgumentOutOfRangeException.ThrowIfNegative(constraints.Alignment);
        ArgumentOutOfRangeException.ThrowIfNegative(constraints.MaxSegmentBytes);
        ArgumentOutOfRangeException.ThrowIfNegative(constraints.MaxSegments);
        return new AttachBufferRequest
        {
            Alignment = (ulong)constraints.Alignment,
            MaxSegmentBytes = (ulong)constraints.MaxSegmentBytes,
            MaxSegments = (uint)constraints.MaxSegments,
            Flags = constraints.Contiguous ? AttachFlags.Contiguous : AttachFlags.None,
            Caching = (uint)constraints.Caching,
            Direction = (uint)direction,
        };
    }

    DmaHeapClient Importing() => _client
        ?? throw new InvalidOperationException("This buffer was made of a descriptor without asking a host, and only a host can attach: make it with DmaHeapClient.Import.");
}

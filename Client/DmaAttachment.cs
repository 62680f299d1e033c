using DmaHeap.Linux;
using DmaHeap.Protocol;

namespace DmaHeap.Client;

/// <summary>
/// A buffer attached to this process as an importer. The host does not release the buffer meanwhile, whatever happens to its descriptors. It ends with the connection at the latest.
/// Thread-safe.
/// </summary>
/// <remarks>
/// Requests are carried out in the order they are sent, so none needs to wait for the one before it: start the attachment with <see cref="DmaBuffer.StartAttach"/>, call
/// <see cref="MapAsync"/>, <see cref="UnmapAsync"/> and <see cref="DetachAsync"/>, and await them together.
/// </remarks>
public sealed class DmaAttachment : IDisposable, IAsyncDisposable
{
    readonly DmaHeapClient _client;
    readonly ulong _number;
    int _detached;

    internal DmaAttachment(DmaHeapClient client, ulong number, DmaDirection direction, Task attached)
    {
        _client = client;
        _number = number;
        Direction = direction;
        Attached = attached;
    }

    /// <summary>Which way the importer said it would move data.</summary>
    public DmaDirection Direction { get; }

    /// <summary>Ends when the host has answered; fails as <see cref="DmaBuffer.AttachAsync"/> does.</summary>
    public Task Attached { get; }

    /// <summary>Asks for the memory.</summary>
    /// <param name="direction">Which way data will move; null for the attachment's own, the only one unless that is both ways.</param>
    /// <param name="cancellationToken">Withdraws the request, but not the heap's work on it.</param>
    /// <returns>The memory, the caller's to dispose.</returns>
    /// <exception cref="DmaHeapException">EBUSY <c>already-mapped</c>: an attachment has one mapping at a time. EACCES: the buffer's descriptor does not allow the direction. EPERM:
    /// the heap does not trust this importer. EINVAL <c>not-attached</c>.</exception>
    public async Task<DmaAttachmentMapping> MapAsync(DmaDirection? direction = null, CancellationToken cancellationToken = default)
    {
        var call = new MapCall(MessageKind.Map);
        try
        {
            await _client.Connection.ExecuteAsync(call, Request(direction), null, cancellationToken).ConfigureAwait(false);
        }
        catch (DmaHeapException exception) when (exception.Cause == ClientCause.NoDescriptors)
        {
            await Unmap(wait: false).ConfigureAwait(false); // the host did map it, and it was this process that could not take it
            throw;
        }

        return Mapping(call);
    }

    /// <summary>Asks for the memory, on this thread.</summary>
    /// <inheritdoc cref="MapAsync"/>
    public DmaAttachmentMapping Map(DmaDirection? direction = null, CancellationToken cancellationToken = default)
    {
        var call = new MapCall(MessageKind.Map);
        var request = Request(direction);
        try
        {
            _client.Connection.Execute(call, ref request, null, cancellationToken);
        }
        catch (DmaHeapException exception) when (exception.Cause == ClientCause.NoDescriptors)
        {
            Unmap(wait: true);
            throw;
        }

        return Mapping(call);
    }

    /// <summary>Takes the mapping back, as disposing it does, also one whose answer is not there yet. Its descriptors are to be disposed all the same.</summary>
    /// <exception cref="DmaHeapException">EINVAL <c>bad-order</c>: it is not mapped. Else what the heap's unmap threw; it counts as done.</exception>
    public Task UnmapAsync() => Unmap(wait: false);

    /// <summary>Ends the attachment; what is still mapped is unmapped first.</summary>
    /// <exception cref="DmaHeapException">EINVAL <c>not-attached</c>: it ended before. Else what the heap's unmap or detach threw; it counts as done.</exception>
    public Task DetachAsync()
    {
        Interlocked.Exchange(ref _detached, 1);
        return _client.Connection.ExecuteAsync(new DoneCall(MessageKind.Detach), new DetachRequest { Attachment = _number }, null, CancellationToken.None);
    }

    /// <summary>Ends the attachment, on this thread.</summary>
    /// <inheritdoc cref="DetachAsync"/>
    public void Detach()
    {
        Interlocked.Exchange(ref _detached, 1);
        var request = new DetachRequest { Attachment = _number };
        _client.Connection.Execute(new DoneCall(MessageKind.Detach), ref request, null, CancellationToken.None);
    }

    /// <summary>Detaches, unless that was done or the attachment never came about.</summary>
    /// <exception cref="DmaHeapException">As <see cref="Detach"/>, or the host is gone.</exception>
    public void Dispose()
    {
        if (Volatile.Read(ref _detached) == 0 && !Attached.IsFaulted) Detach();
    }

    /// <inheritdoc cref="Dispose"/>
    public async ValueTask DisposeAsync()
    {
        if (Volatile.Read(ref _detached) == 0 && !Attached.IsFaulted) await DetachAsync().ConfigureAwait(false);
    }

    MapRequest Request(DmaDirection? direction) => new() { Attachment = _number, Direction = (uint)(direction ?? Direction) };

    DmaAttachmentMapping Mapping(MapCall call) => new(call.Take(), Unmap);

    Task Unmap(bool wait)
    {
        var (call, request) = (new DoneCall(MessageKind.Unmap), new UnmapRequest { Attachment = _number });
        if (!wait) return _client.Connection.ExecuteAsync(call, request, null, CancellationToken.None);
        _client.Connection.Execute(call, ref request, null, CancellationToken.None);
        return Task.CompletedTask;
    }
}

using DmaHeap.Linux;
using DmaHeap.Protocol;

namespace DmaHeap.Client;

public sealed partial class DmaHeapClient
{
    /// <summary>Allocates a buffer.</summary>
    /// <param name="heap">Name or alias of a heap.</param>
    /// <param name="length">Bytes; rounded up to pages by the host, as <see cref="DmaBuffer.Length"/> then says.</param>
    /// <param name="options">What else is asked for; null for <see cref="DmaAllocationOptions.Default"/>.</param>
    /// <param name="cancellationToken">Withdraws the request.</param>
    /// <returns>The buffer, the caller's to dispose.</returns>
    /// <exception cref="DmaHeapException">ENOENT (no such heap), ENOMEM (the cause says which limit or shortage), EACCES, EINVAL, ENODEV (the heap
    /// could not start), EBUSY, EMFILE.</exception>
    /// <exception cref="OperationCanceledException">It was withdrawn.</exception>
    public async Task<DmaBuffer> AllocateAsync(
        string heap, long length, DmaAllocationOptions? options = null, CancellationToken cancellationToken = default)
    {
        var request = Request(heap, length, 1, asManyAsFit: false, options);
        var call = new AllocateCall().For(this, 1);
        await _connection.ExecuteAsync(call, request, null, cancellationToken).ConfigureAwait(false);
        return Finish(call, options, cancellationToken);
    }

    /// <summary>Allocates a buffer, sending and receiving on this thread.</summary>
    /// <inheritdoc cref="AllocateAsync"/>
    public DmaBuffer Allocate(string heap, long length, DmaAllocationOptions? options = null, CancellationToken cancellationToken = default)
    {
        var request = Request(heap, length, 1, asManyAsFit: false, options);
        var call = AllocateCall.Rent().For(this, 1);
        try
        {
            _connection.Execute(call, ref request, null, cancellationToken);
            return Finish(call, options, cancellationToken);
        }
        finally
        {
            call.Return();
        }
    }

    /// <summary>Allocates several buffers of one size with one request.</summary>
    /// <param name="heap">Name or alias of a heap.</param>
    /// <param name="length">Bytes of each; rounded up to pages by the host.</param>
    /// <param name="count">How many: 1 to <see cref="HostInfo.MaxDescriptors"/> (253).</param>
    /// <param name="asManyAsFit">Whether fewer will do, at least one: see <see cref="DmaBufferBatch.StoppedBy"/>. Else it is all or none.</param>
    /// <param name="options">What else is asked for; null for <see cref="DmaAllocationOptions.Default"/>.</param>
    /// <param name="cancellationToken">Withdraws the request.</param>
    /// <returns>The buffers; dispose the batch or each of them.</returns>
    /// <exception cref="DmaHeapException">As <see cref="AllocateAsync"/>.</exception>
    /// <exception cref="OperationCanceledException">It was withdrawn.</exception>
    public async Task<DmaBufferBatch> AllocateManyAsync(
        string heap, long length, int count, bool asManyAsFit = false, DmaAllocationOptions? options = null, CancellationToken cancellationToken = default)
    {
        var request = Request(heap, length, count, asManyAsFit, options);
        var call = new AllocateCall().For(this, count);
        await _connection.ExecuteAsync(call, request, null, cancellationToken).ConfigureAwait(false);
        return FinishAll(call, options, cancellationToken);
    }

    /// <summary>Allocates several buffers of one size with one request, sending and receiving on this thread.</summary>
    /// <inheritdoc cref="AllocateManyAsync"/>
    public DmaBufferBatch AllocateMany(
        string heap, long length, int count, bool asManyAsFit = false, DmaAllocationOptions? options = null, CancellationToken cancellationToken = default)
    {
        var request = Request(heap, length, count, asManyAsFit, options);
        var call = new AllocateCall().For(this, count);
        _connection.Execute(call, ref request, null, cancellationToken);
        return FinishAll(call, options, cancellationToken);
    }

    AllocateRequest Request(string heap, long length, int count, bool asManyAsFit, DmaAllocationOptions? options)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Host.MaxDescriptors);
        options ??= DmaAllocationOptions.Default;
        ArgumentOutOfRangeException.ThrowIfNegative(options.Alignment, nameof(options));
        var request = new AllocateRequest
        {
            Length = (ulong)length,
            FileFlags = (uint)options.Access | (options.CloseOnExec ? ProtocolConstants.CloseOnExec : 0),
            Count = (uint)count,
            Options = asManyAsFit ? AllocateOptions.AsManyAsFit : AllocateOptions.None,
            ExpectedImporters = options.ExpectedImporters,
            Alignment = (ulong)options.Alignment,
            MaxSegments = options.MaxSegments,
        };
        Write(request.Heap, heap, nameof(heap));
        Write(request.Name, options.Name, "name");
        return request;
    }

    static DmaBuffer Finish(AllocateCall call, DmaAllocationOptions? options, CancellationToken cancellationToken)
    {
        var buffer = call.TakeSingle();
        try
        {
            Settle(buffer, options, cancellationToken);
            return buffer;
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }

    static DmaBufferBatch FinishAll(AllocateCall call, DmaAllocationOptions? options, CancellationToken cancellationToken)
    {
        var batch = new DmaBufferBatch(call.TakeAll(), call.StoppedBy);
        try
        {
            foreach (var buffer in batch) Settle(buffer, options, cancellationToken);
            return batch;
        }
        catch
        {
            batch.Dispose();
            throw;
        }
    }

    /// <summary>Descriptors always arrive closed by exec, so that none leaks into a process started meanwhile.</summary>
    static void Settle(DmaBuffer buffer, DmaAllocationOptions? options, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (options is { CloseOnExec: false }) DescriptorFlags.SetCloseOnExec(buffer.Handle, false);
    }
}

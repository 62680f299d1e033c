using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DmaHeap.Protocol;

namespace DmaHeap.Client;

public sealed partial class DmaHeapClient
{
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
        var (call, packet) = Batch(heap, Uniform(length, count), asManyAsFit, options);
        await _connection.ExecuteAsync(call, packet, null, cancellationToken).ConfigureAwait(false);
        return FinishAll(call, options, cancellationToken);
    }

    /// <summary>Allocates several buffers of one size with one request, sending and receiving on this thread.</summary>
    /// <inheritdoc cref="AllocateManyAsync"/>
    public DmaBufferBatch AllocateMany(
        string heap, long length, int count, bool asManyAsFit = false, DmaAllocationOptions? options = null, CancellationToken cancellationToken = default)
    {
        var (call, packet) = Batch(heap, Uniform(length, count), asManyAsFit, options);
        _connection.Execute(call, packet, null, cancellationToken);
        return FinishAll(call, options, cancellationToken);
    }

    /// <summary>Allocates buffers of several sizes with one request: the planes of a frame, the frames of a ring, whatever is needed together.</summary>
    /// <param name="heap">Name or alias of a heap.</param>
    /// <param name="lengths">Bytes of each buffer, 1 to <see cref="HostInfo.MaxDescriptors"/> (253) of them; rounded up to pages by the host.</param>
    /// <param name="asManyAsFit">Whether fewer will do, at least one: they are made in the order of <paramref name="lengths"/>, up to the first that cannot be had, and
    /// <see cref="DmaBufferBatch.StoppedBy"/> says why. Else it is all or none.</param>
    /// <param name="options">What else is asked for; null for <see cref="DmaAllocationOptions.Default"/>.</param>
    /// <param name="cancellationToken">Withdraws the request; what was made for it is gone then.</param>
    /// <returns>The buffers in the order of <paramref name="lengths"/>; dispose the batch or each of them.</returns>
    /// <exception cref="DmaHeapException">As <see cref="AllocateAsync"/>; EBUSY also where more descriptors than the host lets wait would be unread.</exception>
    /// <exception cref="OperationCanceledException">It was withdrawn.</exception>
    public Task<DmaBufferBatch> AllocateBatchAsync(
        string heap, ReadOnlySpan<long> lengths, bool asManyAsFit = false, DmaAllocationOptions? options = null, CancellationToken cancellationToken = default)
    {
        var (call, packet) = Batch(heap, Sizes(lengths), asManyAsFit, options);
        return FinishAsync();

        async Task<DmaBufferBatch> FinishAsync()
        {
            await _connection.ExecuteAsync(call, packet, null, cancellationToken).ConfigureAwait(false);
            return FinishAll(call, options, cancellationToken);
        }
    }

    /// <summary>Allocates buffers of several sizes with one request, sending and receiving on this thread.</summary>
    /// <inheritdoc cref="AllocateBatchAsync"/>
    public DmaBufferBatch AllocateBatch(
        string heap, ReadOnlySpan<long> lengths, bool asManyAsFit = false, DmaAllocationOptions? options = null, CancellationToken cancellationToken = default)
    {
        var (call, packet) = Batch(heap, Sizes(lengths), asManyAsFit, options);
        _connection.Execute(call, packet, null, cancellationToken);
        return FinishAll(call, options, cancellationToken);
    }

    (AllocateBatchCall Call, byte[] Packet) Batch(string heap, ReadOnlySpan<BatchSize> sizes, bool asManyAsFit, DmaAllocationOptions? options)
    {
        options ??= DmaAllocationOptions.Default;
        ArgumentOutOfRangeException.ThrowIfNegative(options.Alignment, nameof(options));
        var request = new AllocateBatchRequest
        {
            FileFlags = FileFlagsOf(options),
            SizeCount = (uint)sizes.Length,
            Options = asManyAsFit ? AllocateOptions.AsManyAsFit : AllocateOptions.None,
            ExpectedImporters = options.ExpectedImporters,
            Alignment = (ulong)options.Alignment,
            MaxSegments = options.MaxSegments,
        };
        Write(request.Heap, heap, nameof(heap));
        Write(request.Name, options.Name, "name");
        var count = 0;
        foreach (ref readonly var size in sizes) count += (int)size.Count;
        return (new AllocateBatchCall(this, count), [.. MessageCodec.Bytes(in request), .. MemoryMarshal.AsBytes(sizes)]);
    }

    BatchSize[] Uniform(long length, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Host.MaxDescriptors);
        return [new BatchSize { Length = (ulong)length, Count = (uint)count }];
    }

    /// <summary>As few sizes as there are runs of one length.</summary>
    ReadOnlySpan<BatchSize> Sizes(ReadOnlySpan<long> lengths)
    {
        ArgumentOutOfRangeException.ThrowIfZero(lengths.Length, nameof(lengths));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lengths.Length, Host.MaxDescriptors, nameof(lengths));
        var sizes = new BatchSize[lengths.Length];
        var last = -1;
        foreach (var length in lengths)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(length, nameof(lengths));
            if (last < 0 || sizes[last].Length != (ulong)length) sizes[++last].Length = (ulong)length;
            sizes[last].Count++;
        }

        return sizes.AsSpan(0, last + 1);
    }

    static DmaBufferBatch FinishAll(AllocateBatchCall call, DmaAllocationOptions? options, CancellationToken cancellationToken)
    {
        var batch = new DmaBufferBatch(call.Take(), call.StoppedBy);
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
}

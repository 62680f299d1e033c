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
        var request = Request(heap, length, options);
        var call = new AllocateCall().For(this);
        await _connection.ExecuteAsync(call, request, null, cancellationToken).ConfigureAwait(false);
        return Finish(call, options, cancellationToken);
    }

    /// <summary>Allocates a buffer, sending and receiving on this thread.</summary>
    /// <inheritdoc cref="AllocateAsync"/>
    public DmaBuffer Allocate(string heap, long length, DmaAllocationOptions? options = null, CancellationToken cancellationToken = default)
    {
        var request = Request(heap, length, options);
        var call = AllocateCall.Rent().For(this);
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

    static AllocateRequest Request(string heap, long length, DmaAllocationOptions? options)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        options ??= DmaAllocationOptions.Default;
        ArgumentOutOfRangeException.ThrowIfNegative(options.Alignment, nameof(options));
        var request = new AllocateRequest
        {
            Length = (ulong)length,
            FileFlags = FileFlagsOf(options),
            Count = 1,
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
        var buffer = call.Take();
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

    static uint FileFlagsOf(DmaAllocationOptions options) => (uint)options.Access | (options.CloseOnExec ? ProtocolConstants.CloseOnExec : 0);

    /// <summary>Descriptors always arrive closed by exec, so that none leaks into a process started meanwhile.</summary>
    static void Settle(DmaBuffer buffer, DmaAllocationOptions? options, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (options is { CloseOnExec: false }) DescriptorFlags.SetCloseOnExec(buffer.Handle, false);
    }
}

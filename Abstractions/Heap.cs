namespace DmaHeap;

/// <summary>
/// Base of a heap whose buffers are of the heap's own class, so that per-buffer data is reached without casts.
/// Everything said at <see cref="IHeap"/> holds.
/// </summary>
/// <typeparam name="TBuffer">The buffer class; <see cref="HeapBuffer"/> itself serves a heap without per-buffer data.</typeparam>
public abstract class Heap<TBuffer> : IHeap
    where TBuffer : HeapBuffer
{
    /// <inheritdoc cref="IHeap.Allocate"/>
    protected abstract TBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken);

    /// <inheritdoc cref="IHeap.Release"/>
    /// <remarks>The default has nothing to return: the host frees the memory.</remarks>
    protected virtual void Release(TBuffer buffer, ReleaseReason reason)
    {
    }

    /// <summary>Frees what the heap holds. Called once, after the last buffer was released. The default holds nothing.</summary>
    /// <param name="disposing">True when called by the host; false from a finalizer a derived class may have.</param>
    protected virtual void Dispose(bool disposing)
    {
    }

    HeapBuffer IHeap.Allocate(in AllocationRequest request, CancellationToken cancellationToken) =>
        Allocate(in request, cancellationToken);

    void IHeap.Release(HeapBuffer buffer, ReleaseReason reason) => Release((TBuffer)buffer, reason);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }
}

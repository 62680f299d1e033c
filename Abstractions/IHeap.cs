namespace DmaHeap;

/// <summary>
/// A heap: something buffers are allocated from. It is the exporter behind <c>/dev/dma_heap/NAME</c>.
/// Derive from <see cref="Heap{TBuffer}"/> rather than implementing this directly; it spares the casts.
/// </summary>
/// <remarks>
/// <para><b>Construction.</b> The host creates one instance per configured heap through the constructor
/// <c>(IHeapContext)</c> or <c>(IHeapContext, TOptions)</c>. A constructor that throws <see cref="HeapException"/>
/// makes the heap unavailable with that errno, cause and sentence.</para>
/// <para><b>Threading.</b> <see cref="Allocate"/> and <see cref="Release"/> are synchronous and are called concurrently
/// from several threads, also for one heap. The host holds no lock while it calls a heap.</para>
/// <para><b>Pairing.</b> Once <see cref="Allocate"/> has returned a buffer, <see cref="Release"/> is called for that very
/// object exactly once, whatever fails afterwards. A call that threw is never paired with a release.</para>
/// <para><b>End.</b> The heap is disposed once, after its last buffer was released.</para>
/// </remarks>
public interface IHeap : IDisposable
{
    /// <summary>Allocates one buffer.</summary>
    /// <param name="request">What is asked for; its length is in bytes and already rounded up to whole pages.</param>
    /// <param name="cancellationToken">Cancelled when the caller has gone or withdrew the request, and when the host stops. Not to be kept: after the return it may be another request's.</param>
    /// <returns>
    /// A new buffer, never one that was returned before, unless it is what <see cref="IHeapMemoryService.AllocateBuffer"/> gave just now. The host owns it from here on and hands the same object
    /// to every hook.
    /// </returns>
    /// <exception cref="HeapException">The heap refuses. Its errno is what the client sees.</exception>
    /// <exception cref="OperationCanceledException">The request was cancelled: EINTR to the client.</exception>
    HeapBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken);

    /// <summary>
    /// Takes a buffer back: return its bookkeeping to the heap. The memory itself is the host's to free. Called once per buffer,
    /// on a worker of the host, never on a client's word but when the last reference to the buffer is gone in every process
    /// (or when the host stops, see <see cref="ReleaseReason"/>).
    /// </summary>
    /// <param name="buffer">The object <see cref="Allocate"/> returned.</param>
    /// <param name="reason">Why it comes back.</param>
    /// <remarks>An exception is logged with the heap's name and counted; the buffer counts as released all the same.</remarks>
    void Release(HeapBuffer buffer, ReleaseReason reason);
}

using Microsoft.Win32.SafeHandles;

namespace DmaHeap.KernelAbi;

/// <summary>
/// Where the buffers of an unmodified program come from: a host in this process, or a daemon behind a socket. Thread-safe, and called by many threads at once: one slow heap
/// must not keep the calls for others waiting. A refusal is an answer, never an exception.
/// </summary>
public interface IHeapBackend : IDisposable
{
    /// <summary>The heaps there are, in the order of their configuration. The list does not change while the backend lives.</summary>
    IReadOnlyList<BackendHeap> Heaps { get; }

    /// <summary>Allocates a buffer: zeroed memory of at least the length asked for.</summary>
    /// <param name="order">What is asked for. Descriptor and heap flags were checked; length may be anything, 2^64-1 included (EINVAL, ENOMEM at once).</param>
    /// <param name="buffer">The buffer, whose handle is the caller's to dispose; default where refused.</param>
    /// <param name="cancellationToken">The program that asks is gone, or this process is about to end.</param>
    /// <returns>ENOMEM, EACCES, ENODEV, EINTR (withdrawn), EIO, ENOENT (no such heap) or whatever the heap itself says.</returns>
    BackendAnswer Allocate(in BufferOrder order, out BackendBuffer buffer, CancellationToken cancellationToken);

    /// <summary>Whether a descriptor is a buffer of this backend, and what is known of it.</summary>
    /// <param name="shown">Any descriptor; it stays the caller's.</param>
    /// <param name="facts">What is known of the buffer; default where it is none.</param>
    bool TryIdentify(SafeFileHandle shown, out BufferFacts facts);

    /// <summary>Names a buffer; the last name wins.</summary>
    /// <param name="shown">A descriptor of the buffer, of any access mode; it stays the caller's.</param>
    /// <param name="name">At most 31 bytes of UTF-8; may be empty.</param>
    /// <returns>ENOTTY where the descriptor is no buffer of this backend; EIO.</returns>
    BackendAnswer SetName(SafeFileHandle shown, string name);

    /// <summary>
    /// Tells the heap of a buffer with <see cref="BufferTraits.CpuAccessHooks"/> that CPU access begins or ends. As in the kernel nothing is counted: an end
    /// without a begin succeeds. Costs nothing where the buffer has no hooks.
    /// </summary>
    /// <param name="shown">A descriptor of the buffer, of any access mode; it stays the caller's.</param>
    /// <param name="access">Begin or end, and what the CPU does.</param>
    /// <param name="caller">Who does it.</param>
    /// <returns>ENOTTY where the descriptor is no buffer of this backend; the hook's own error.</returns>
    BackendAnswer CpuAccess(SafeFileHandle shown, CpuAccessChange access, CallerIdentity caller);
}

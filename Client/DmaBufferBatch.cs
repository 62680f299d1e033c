using System.Collections;
using DmaHeap.Linux;

namespace DmaHeap.Client;

/// <summary>Buffers that one request allocated.</summary>
public sealed class DmaBufferBatch : IReadOnlyList<DmaBuffer>, IDisposable
{
    readonly DmaBuffer[] _buffers;

    internal DmaBufferBatch(DmaBuffer[] buffers, Errno stoppedBy)
    {
        _buffers = buffers;
        StoppedBy = stoppedBy;
    }

    /// <summary>Why there are no more, where as many as fit were asked for; <see cref="Errno.None"/> when all came.</summary>
    public Errno StoppedBy { get; }

    /// <inheritdoc/>
    public int Count => _buffers.Length;

    /// <inheritdoc/>
    public DmaBuffer this[int index] => _buffers[index];

    /// <inheritdoc/>
    public IEnumerator<DmaBuffer> GetEnumerator() => ((IEnumerable<DmaBuffer>)_buffers).GetEnumerator();

    /// <summary>Disposes every buffer of the batch.</summary>
    public void Dispose()
    {
        foreach (var buffer in _buffers) buffer.Dispose();
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

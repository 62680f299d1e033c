namespace DmaHeap.Client;

/// <summary>
/// A buffer of a <see cref="BufferPool"/>, one holder's until it is disposed, which returns it. A value: a copy is the same lease, and whichever copy is disposed first ends them all.
/// Keep it for as long as its spans are used, as with <c>using</c>: what nobody keeps is collected, mapping included. Thread-safe.
/// </summary>
/// <remarks>
/// The pool knows of its own holders alone. Who shared the buffer with another process, or attached to it, returns it when that is over; and does not dispose the buffer, but calls <see cref="Discard"/>
/// where nobody shall have it after.
/// </remarks>
public readonly struct BufferLease : IDisposable
{
    readonly PooledBuffer? _pooled;
    readonly long _turn;

    internal BufferLease(PooledBuffer pooled, long turn)
    {
        _pooled = pooled;
        _turn = turn;
    }

    /// <summary>The buffer; the pool's to dispose.</summary>
    /// <exception cref="ObjectDisposedException">It was returned.</exception>
    public DmaBuffer Buffer => Held.Buffer;

    /// <summary>All of it in this process; the pool's to dispose.</summary>
    /// <exception cref="InvalidOperationException">The pool does not keep its buffers mapped.</exception>
    /// <exception cref="ObjectDisposedException">It was returned.</exception>
    public DmaMapping Mapping => Held.Mapping ?? throw new InvalidOperationException("The pool does not keep its buffers mapped (BufferPoolOptions.KeepMapped).");

    /// <summary>All of its bytes, not to be used after the return.</summary>
    /// <exception cref="InvalidOperationException">The pool does not keep its buffers mapped, or it is longer than a span can be (2 GiB).</exception>
    /// <exception cref="ObjectDisposedException">It was returned.</exception>
    public Span<byte> Span => Mapping.Span;

    /// <summary>Whether it was returned, or never was one.</summary>
    public bool IsReturned => _pooled is null || !_pooled.IsHeldIn(_turn);

    /// <summary>Returns the buffer.</summary>
    /// <exception cref="InvalidOperationException">It was returned before: whoever has the buffer now keeps it.</exception>
    public void Return()
    {
        if (!TryEnd(discard: false)) throw new InvalidOperationException("The buffer was returned to its pool before.");
    }

    /// <summary>Gives the buffer up instead of returning it: the pool has room for another one.</summary>
    /// <exception cref="InvalidOperationException">It was returned before.</exception>
    public void Discard()
    {
        if (!TryEnd(discard: true)) throw new InvalidOperationException("The buffer was returned to its pool before.");
    }

    /// <summary>Returns the buffer, unless that was done.</summary>
    public void Dispose() => TryEnd(discard: false);

    PooledBuffer Held
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsReturned, typeof(BufferLease));
            return _pooled!;
        }
    }

    bool TryEnd(bool discard) => _pooled is not null && _pooled.TryReturn(_turn, discard);
}

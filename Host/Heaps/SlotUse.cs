namespace DmaHeap.Hosting.Heaps;

/// <summary>
/// Counts who still needs a slot: the calls under way in its heap and its live buffers. A slot that is closed lets nobody in any more; one that is retired ends when the last
/// has left. One number for both, so that nobody gets in beside the end. Thread-safe.
/// </summary>
/// <param name="ended">Called once, by whoever leaves a retired slot last, or by <see cref="Retire"/> itself. Must not block.</param>
internal sealed class SlotUse(Action ended)
{
    private const long Closed = 1L << 62;

    private readonly Lock _lock = new();
    private readonly ManualResetEventSlim _settled = new(initialState: true);
    private long _state;
    private int _ended;
    private volatile bool _retired;

    /// <summary>Calls and buffers now.</summary>
    public long Count => Volatile.Read(ref _state) & ~Closed;

    public bool IsRetired => _retired;

    /// <summary>Comes in; each call that returned true is paired with one of <see cref="Leave"/>. False while the slot is closed.</summary>
    public bool TryEnter() => TryEnter(static state => (state & Closed) == 0);

    /// <summary>
    /// As <see cref="TryEnter()"/>, and also where the slot is closed but somebody is in, who keeps it from its end; the caller does so, too, until it leaves.
    /// </summary>
    public bool TryJoin() => TryEnter(static state => (state & Closed) == 0 || (state & ~Closed) != 0);

    public void Leave()
    {
        if (Interlocked.Decrement(ref _state) == Closed && _retired) End();
    }

    /// <summary>Lets nobody in until <see cref="Reopen"/> or <see cref="Retire"/>.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _settled.Reset();
            Interlocked.Or(ref _state, Closed);
        }
    }

    public void Reopen()
    {
        lock (_lock)
        {
            if (_retired) return;
            Interlocked.And(ref _state, ~Closed);
            _settled.Set();
        }
    }

    /// <summary>Closes for good. What replaces the slot is published before.</summary>
    public void Retire()
    {
        lock (_lock)
        {
            Interlocked.Or(ref _state, Closed);
            _retired = true;
            _settled.Set();
        }

        if (Count == 0) End();
    }

    /// <summary>Waits, for somebody who was not let in, until it is worth looking in the registry again.</summary>
    /// <returns>False when that took too long.</returns>
    public bool WaitUntilSettled(TimeSpan patience, CancellationToken cancellationToken) => _settled.Wait(patience, cancellationToken);

    // Nobody is counted who was not let in: one more, for a moment, would look like somebody who keeps a slot from its end.
    private bool TryEnter(Func<long, bool> isOpen)
    {
        var state = Volatile.Read(ref _state);
        while (isOpen(state))
        {
            var before = Interlocked.CompareExchange(ref _state, state + 1, state);
            if (before == state) return true;
            state = before;
        }

        return false;
    }

    private void End()
    {
        if (Interlocked.Exchange(ref _ended, 1) == 0) ended();
    }
}

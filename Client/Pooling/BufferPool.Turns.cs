namespace DmaHeap.Client;

/// <content>Who gets which buffer.</content>
public sealed partial class BufferPool
{
    /// <summary>What a caller who wants a buffer is to do.</summary>
    enum Taking
    {
        /// <summary>It has one.</summary>
        Taken,

        /// <summary>It makes one: there is a place for it.</summary>
        Make,

        /// <summary>It waits for one, or for a place.</summary>
        Wait,

        /// <summary>It goes away.</summary>
        Refused,
    }

    /// <summary>Takes back what a holder returned. It is nobody's at this moment.</summary>
    internal void TakeBack(PooledBuffer pooled, bool discard)
    {
        if (discard || !pooled.IsWhole || (_options.Scrub && !pooled.TryScrub()))
        {
            pooled.Dispose();
            lock (_gate)
            {
                _dropped++;
                LeavePlace();
            }

            return;
        }

        lock (_gate)
        {
            if (TryHandOver(pooled)) return;
            if (!_disposed)
            {
                _idle[_idleCount++] = pooled;
                return;
            }

            _made--;
        }

        pooled.Dispose();
    }

    /// <summary>A leased buffer was collected. Called by the finalizer's thread; memory and descriptor have finalizers of their own.</summary>
    internal void Lost()
    {
        lock (_gate)
        {
            _lost++;
            LeavePlace();
        }
    }

    Taking Take(bool mayWait, out PooledBuffer? pooled, out TaskCompletionSource<PooledBuffer?>? wait)
    {
        (pooled, wait) = (null, null);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_idleCount > 0)
            {
                pooled = _idle[--_idleCount];
                _idle[_idleCount] = null!;
                _acquired++;
                return Taking.Taken;
            }

            if (_made < _options.Capacity)
            {
                _made++;
                _making++;
                return Taking.Make;
            }

            if (!mayWait)
            {
                _refusals++;
                return Taking.Refused;
            }

            // Whoever completes it holds the gate, so nothing of the waiter's may run there.
            wait = new TaskCompletionSource<PooledBuffer?>(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.AddLast(wait);
            _waits++;
            return Taking.Wait;
        }
    }

    /// <returns>The buffer; null for a place where to make one.</returns>
    PooledBuffer? Wait(TaskCompletionSource<PooledBuffer?> wait, CancellationToken cancellationToken)
    {
        using var registration = CancelOn(wait, cancellationToken);
        return wait.Task.GetAwaiter().GetResult();
    }

    async ValueTask<BufferLease> AcquireSlowlyAsync(TaskCompletionSource<PooledBuffer?>? wait, CancellationToken cancellationToken)
    {
        if (wait is not null)
        {
            using (CancelOn(wait, cancellationToken))
            {
                if (await wait.Task.ConfigureAwait(false) is { } handed) return handed.Lease();
            }
        }

        return await MakeAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Cancels a wait, unless it was ended before: then the caller has a buffer, and gets it.</summary>
    CancellationTokenRegistration CancelOn(TaskCompletionSource<PooledBuffer?> wait, CancellationToken cancellationToken) => cancellationToken.UnsafeRegister(
        (_, token) =>
        {
            lock (_gate) _waiting.Remove(wait);
            wait.TrySetCanceled(token);
        },
        null);

    /// <summary>Gives a buffer, or the place of one, to whoever waits longest. Within the gate.</summary>
    bool TryHandOver(PooledBuffer? pooled)
    {
        while (_waiting.First is { } first)
        {
            _waiting.RemoveFirst();
            if (!first.Value.TrySetResult(pooled)) continue; // cancelled at this moment
            if (pooled is null) _making++;
            else _acquired++;
            return true;
        }

        return false;
    }

    /// <summary>There is a buffer less. Within the gate.</summary>
    void LeavePlace()
    {
        if (!TryHandOver(null)) _made--;
    }
}

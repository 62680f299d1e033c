namespace DmaHeap.Client;

/// <content>Buffers that are not there yet.</content>
public sealed partial class BufferPool
{
    BufferLease Make(CancellationToken cancellationToken)
    {
        try
        {
            return Made(Pooled(_client.Allocate(_heap, _asked, _allocation, cancellationToken)));
        }
        catch
        {
            NotMade();
            throw;
        }
    }

    async ValueTask<BufferLease> MakeAsync(CancellationToken cancellationToken)
    {
        try
        {
            return Made(Pooled(await _client.AllocateAsync(_heap, _asked, _allocation, cancellationToken).ConfigureAwait(false)));
        }
        catch
        {
            NotMade();
            throw;
        }
    }

    void Prewarm()
    {
        try
        {
            for (var left = _options.Prewarm; left > 0;)
            {
                var count = Math.Min(left, _client.Host.MaxDescriptors);
                Keep(_client.AllocateMany(_heap, _asked, count, asManyAsFit: false, _allocation));
                left -= count;
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    async Task PrewarmAsync(int left, CancellationToken cancellationToken)
    {
        try
        {
            while (left > 0)
            {
                var count = Math.Min(left, _client.Host.MaxDescriptors);
                Keep(await _client.AllocateManyAsync(_heap, _asked, count, asManyAsFit: false, _allocation, cancellationToken).ConfigureAwait(false));
                left -= count;
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    void Keep(DmaBufferBatch batch)
    {
        var next = 0;
        try
        {
            while (next < batch.Count)
            {
                var pooled = Pooled(batch[next++]);
                lock (_gate)
                {
                    _made++;
                    _idle[_idleCount++] = pooled;
                }
            }
        }
        catch
        {
            for (; next < batch.Count; next++) batch[next].Dispose();
            throw;
        }
    }

    PooledBuffer Pooled(DmaBuffer buffer)
    {
        try
        {
            return new PooledBuffer(this, buffer, _options.KeepMapped ? buffer.Map(FileAccess.ReadWrite, _options.Populate) : null);
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }

    BufferLease Made(PooledBuffer pooled)
    {
        lock (_gate)
        {
            if (!_disposed)
            {
                _making--;
                _misses++;
                _acquired++;
                return pooled.Lease();
            }
        }

        pooled.Dispose();
        throw new ObjectDisposedException(nameof(BufferPool));
    }

    void NotMade()
    {
        lock (_gate)
        {
            _making--;
            LeavePlace();
        }
    }
}

namespace DmaHeap.Client;

/// <summary>
/// Buffers of one heap and length that are used again and again, as a video pipeline uses its frames: once they are made, taking one and returning it is a matter of this process alone, without the
/// host and without memory of the managed heap. Bounded. Thread-safe.
/// </summary>
/// <remarks>
/// <para>The buffer returned last is taken first, since its pages are the likeliest to be in a cache. Where the capacity is out, <see cref="Acquire"/> and <see cref="AcquireAsync"/> wait, in the order
/// they came, and <see cref="TryAcquire"/> refuses.</para>
/// <para>Nothing that is idle needs the host: its end, and a client that is disposed, end no lease and no idle buffer. Only where one has to be made is the host asked, and then its refusals are the
/// caller's, such as <see cref="ClientCause.ConnectionLost"/> until the client is connected again; it then shows the buffers of its pools as all others.</para>
/// <para>A lease that is never disposed keeps its buffer from the others until the garbage collector finds that nobody has it; then there is room for another, and
/// <see cref="BufferPoolStatistics.Lost"/> counts it.</para>
/// </remarks>
public sealed partial class BufferPool : IDisposable
{
    readonly Lock _gate = new();
    readonly DmaHeapClient _client;
    readonly string _heap;
    readonly long _asked;
    readonly BufferPoolOptions _options;
    readonly DmaAllocationOptions _allocation;

    // Guarded by the gate. Where somebody waits nothing is idle, and there are as many buffers as may be.
    readonly PooledBuffer[] _idle;
    readonly LinkedList<TaskCompletionSource<PooledBuffer?>> _waiting = [];
    int _idleCount;
    int _made; // that there are, and that are being made
    int _making;
    bool _disposed;
    long _acquired, _misses, _waits, _refusals, _dropped, _lost;

    /// <summary>Makes a pool, with <see cref="BufferPoolOptions.Prewarm"/> buffers, on this thread.</summary>
    /// <param name="client">Whom to ask for buffers; it stays the caller's.</param>
    /// <param name="heap">Name or alias of a heap.</param>
    /// <param name="length">Bytes of each buffer; rounded up to pages by the host.</param>
    /// <param name="options">How it works; null for <see cref="BufferPoolOptions.Default"/>.</param>
    /// <exception cref="ArgumentException">The options make no sense together.</exception>
    /// <exception cref="DmaHeapException">The buffers could not be had, or not be mapped; there are none then.</exception>
    public BufferPool(DmaHeapClient client, string heap, long length, BufferPoolOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentException.ThrowIfNullOrEmpty(heap);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        _options = options ?? BufferPoolOptions.Default;
        _options.ThrowIfSenseless();
        (_client, _heap, _asked) = (client, heap, length);
        _allocation = _options.ForAllocation();
        _idle = new PooledBuffer[_options.Capacity];
        if (_options.Prewarm > 0) Prewarm();
    }

    /// <summary>Makes a pool, with <see cref="BufferPoolOptions.Prewarm"/> buffers.</summary>
    /// <param name="client">Whom to ask for buffers; it stays the caller's.</param>
    /// <param name="heap">Name or alias of a heap.</param>
    /// <param name="length">Bytes of each buffer; rounded up to pages by the host.</param>
    /// <param name="options">How it works; null for <see cref="BufferPoolOptions.Default"/>.</param>
    /// <param name="cancellationToken">Withdraws the requests.</param>
    /// <exception cref="ArgumentException">The options make no sense together.</exception>
    /// <exception cref="DmaHeapException">The buffers could not be had, or not be mapped; there are none then.</exception>
    /// <exception cref="OperationCanceledException">It was withdrawn.</exception>
    public static async Task<BufferPool> CreateAsync(
        DmaHeapClient client, string heap, long length, BufferPoolOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= BufferPoolOptions.Default;
        options.ThrowIfSenseless();
        var pool = new BufferPool(client, heap, length, options with { Prewarm = 0 });
        await pool.PrewarmAsync(options.Prewarm, cancellationToken).ConfigureAwait(false);
        return pool;
    }

    /// <summary>Most buffers there are at a time.</summary>
    public int Capacity => _options.Capacity;

    /// <summary>How it stands.</summary>
    public BufferPoolStatistics Statistics
    {
        get
        {
            lock (_gate) return new BufferPoolStatistics(_made - _making - _idleCount, _idleCount, _waiting.Count, _acquired, _misses, _waits, _refusals, _dropped, _lost);
        }
    }

    /// <summary>Takes a buffer: an idle one, or one that is made for it, or else waits until one is returned.</summary>
    /// <param name="cancellationToken">Ends the wait, and withdraws the request where one has to be made.</param>
    /// <returns>The buffer; dispose the lease to return it.</returns>
    /// <exception cref="DmaHeapException">One had to be made and could not be.</exception>
    /// <exception cref="OperationCanceledException">The wait was ended.</exception>
    /// <exception cref="ObjectDisposedException">The pool was disposed, maybe meanwhile.</exception>
    public BufferLease Acquire(CancellationToken cancellationToken = default)
    {
        if (Take(mayWait: true, out var pooled, out var wait) == Taking.Taken) return pooled!.Lease();
        return (wait is null ? null : Wait(wait, cancellationToken)) is { } handed ? handed.Lease() : Make(cancellationToken);
    }

    /// <summary>Takes a buffer; no thread waits meanwhile.</summary>
    /// <inheritdoc cref="Acquire"/>
    public ValueTask<BufferLease> AcquireAsync(CancellationToken cancellationToken = default) =>
        Take(mayWait: true, out var pooled, out var wait) == Taking.Taken ? new ValueTask<BufferLease>(pooled!.Lease()) : AcquireSlowlyAsync(wait, cancellationToken);

    /// <summary>Takes a buffer, unless as many as may be are leased. One that has to be made is made, with a round trip to the host.</summary>
    /// <param name="lease">The buffer; dispose the lease to return it.</param>
    /// <returns>False when the capacity is out.</returns>
    /// <exception cref="DmaHeapException">One had to be made and could not be.</exception>
    /// <exception cref="ObjectDisposedException">The pool was disposed.</exception>
    public bool TryAcquire(out BufferLease lease)
    {
        var taking = Take(mayWait: false, out var pooled, out _);
        lease = taking switch { Taking.Taken => pooled!.Lease(), Taking.Make => Make(CancellationToken.None), _ => default };
        return taking != Taking.Refused;
    }

    /// <summary>Gives idle buffers up.</summary>
    /// <param name="keep">How many may stay.</param>
    /// <returns>How many went.</returns>
    public int Trim(int keep = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(keep);
        PooledBuffer[] surplus;
        lock (_gate)
        {
            var first = Math.Min(keep, _idleCount);
            surplus = _idle[first.._idleCount];
            Array.Clear(_idle, first, surplus.Length);
            _idleCount = first;
            _made -= surplus.Length;
        }

        foreach (var pooled in surplus) pooled.Dispose();
        return surplus.Length;
    }

    /// <summary>Gives the idle buffers up and ends every wait. Leases stay with their holders, and end their buffers when they are disposed.</summary>
    public void Dispose()
    {
        TaskCompletionSource<PooledBuffer?>[] waiting;
        lock (_gate)
        {
            _disposed = true;
            waiting = [.. _waiting];
            _waiting.Clear();
        }

        foreach (var turn in waiting) turn.TrySetException(new ObjectDisposedException(nameof(BufferPool)));
        Trim();
    }
}

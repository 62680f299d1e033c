namespace DmaHeap.Hosting.Isolation;

/// <summary>
/// The host's memory that a worker has by number. It outlives the worker for as long as a client holds one of its buffers: what an importer has of it must not become
/// somebody else's before.
/// </summary>
internal sealed class WorkerMemory
{
    // More would use up the host's descriptors; a heap that has so much without a buffer around it forgets to dispose.
    private const int MostWithoutBuffer = 4096;

    private readonly Lock _lock = new();
    private readonly Dictionary<ulong, IHeapMemory> _memories = [];
    private readonly Dictionary<ulong, PromisedPages> _promises = []; // of calls under way, and what heaps keep of them; none of it made
    private readonly Dictionary<ulong, IMemoryRegion> _regions = [];
    private readonly HashSet<ulong> _ofBuffers = [];
    private ulong _last;
    private Action? _told;
    private bool _ended, _isSettling, _isGivenBack;

    /// <summary>Buffers that are alive.</summary>
    public int Buffers
    {
        get
        {
            lock (_lock) return _ofBuffers.Count;
        }
    }

    public bool HasRegions
    {
        get
        {
            lock (_lock) return _regions.Count > 0;
        }
    }

    /// <summary>Has somebody told once, when after the worker's end its last buffer is gone and all is given back; at once where that is so.</summary>
    public void WhenSettled(Action told)
    {
        lock (_lock)
        {
            if (!_isGivenBack)
            {
                _told = told;
                return;
            }
        }

        told();
    }

    public ulong Add(IHeapMemory memory)
    {
        lock (_lock)
        {
            if (!_ended)
            {
                _memories.Add(++_last, memory);
                return _last;
            }
        }

        memory.Dispose();
        throw new WireException("has ended");
    }

    public ulong Add(IMemoryRegion region)
    {
        lock (_lock)
        {
            if (!_ended)
            {
                _regions.Add(++_last, region);
                return _last;
            }
        }

        region.Dispose();
        throw new WireException("has ended");
    }

    /// <exception cref="HeapException">EMFILE: it has so much already.</exception>
    public void ThrowIfFull()
    {
        lock (_lock)
        {
            if (!IsFull) return;
        }

        throw new HeapException(HeapErrno.TooManyOpenFiles, HeapCause.NoDescriptors, $"the heap holds {MostWithoutBuffer} pieces of memory that belong to no buffer");
    }

    /// <summary>Promises memory for a call. Null where the worker has so much already that it is to be refused more.</summary>
    public ulong? TryPromise(PromisedPages promise)
    {
        lock (_lock)
        {
            if (_ended || IsFull) return null;
            _promises.Add(++_last, promise);
            return _last;
        }
    }

    /// <summary>The heap has taken what was promised, and has it beyond the call.</summary>
    public void KeepPromise(ulong id)
    {
        lock (_lock)
        {
            if (_promises.TryGetValue(id, out var promise)) promise.IsKept = true;
        }
    }

    /// <summary>The call that it was promised for is over.</summary>
    public void EndPromise(ulong id)
    {
        lock (_lock)
        {
            if (_promises.TryGetValue(id, out var promise) && !promise.IsKept) _promises.Remove(id);
        }
    }

    /// <summary>Memory by its number, which is made now where it was only promised.</summary>
    /// <exception cref="WireException">There is none of the number.</exception>
    /// <exception cref="HeapException">It was promised, and cannot be had.</exception>
    public IHeapMemory Find(ulong id)
    {
        PromisedPages? promise;
        lock (_lock)
        {
            if (_memories.TryGetValue(id, out var memory)) return memory;
            if (!_promises.TryGetValue(id, out promise)) throw NoMemory(id);
        }

        var made = promise.Make();
        lock (_lock)
        {
            if (_promises.Remove(id)) _memories.Add(id, made);
            if (_memories.ContainsKey(id)) return made; // or somebody else who named it was quicker
        }

        made.Dispose();
        throw NoMemory(id);
    }

    /// <summary>The number of memory; null where the worker has it no more.</summary>
    public ulong? NumberOf(IHeapMemory memory)
    {
        lock (_lock)
        {
            foreach (var (id, known) in _memories)
            {
                if (ReferenceEquals(known, memory)) return id;
            }
        }

        return null;
    }

    /// <exception cref="WireException">There is none of the number.</exception>
    public IMemoryRegion FindRegion(ulong id)
    {
        lock (_lock) return _regions.TryGetValue(id, out var region) ? region : throw new WireException($"has no region {id}");
    }

    /// <summary>Makes memory a buffer's.</summary>
    /// <exception cref="WireException">There is none of the number, or it is a buffer's already.</exception>
    /// <exception cref="HeapException">It was promised, and cannot be had.</exception>
    public IHeapMemory TakeForBuffer(ulong id)
    {
        var memory = Find(id);
        lock (_lock)
        {
            if (!_memories.ContainsKey(id)) throw NoMemory(id);
            return _ofBuffers.Add(id) ? memory : throw new WireException($"gave memory {id} to two buffers");
        }
    }

    /// <summary>A buffer is gone; its memory is the releaser's to dispose.</summary>
    public void BufferGone(ulong id)
    {
        lock (_lock)
        {
            _ofBuffers.Remove(id);
            Forget(id, out _);
        }

        SettleIfOver();
    }

    /// <summary>Disposes memory that the heap is done with; that of a buffer goes with the buffer.</summary>
    public void Dispose(ulong id)
    {
        IHeapMemory? memory;
        lock (_lock)
        {
            if (_ofBuffers.Contains(id)) return;
            Forget(id, out memory);
        }

        memory?.Dispose();
    }

    public void DisposeRegion(ulong id)
    {
        IMemoryRegion? region;
        lock (_lock) _regions.Remove(id, out region);
        region?.Dispose();
    }

    /// <summary>The worker has ended: nothing is added any more, and what there is goes with the last buffer.</summary>
    public void End()
    {
        lock (_lock) _ended = true;
        SettleIfOver();
    }

    private bool IsFull => _memories.Count + _promises.Count - _ofBuffers.Count >= MostWithoutBuffer;

    private static WireException NoMemory(ulong id) => new($"has no memory {id}");

    private void Forget(ulong id, out IHeapMemory? memory)
    {
        _memories.Remove(id, out memory);
        _promises.Remove(id);
    }

    private void SettleIfOver()
    {
        IDisposable[] left;
        lock (_lock)
        {
            if (!_ended || _isSettling || _ofBuffers.Count > 0) return;
            _isSettling = true;
            left = [.. _memories.Values, .. _regions.Values];
            _memories.Clear();
            _promises.Clear();
            _regions.Clear();
        }

        foreach (var one in left) one.Dispose();
        Action? told;
        lock (_lock)
        {
            _isGivenBack = true;
            told = _told;
        }

        told?.Invoke();
    }
}

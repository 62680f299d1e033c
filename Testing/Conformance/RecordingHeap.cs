namespace DmaHeap.Testing.Conformance;

/// <summary>
/// Stands between host and heap and writes down what passes: every buffer, each of its releases, every exception. Passes all on unchanged, the very same objects.
/// </summary>
internal sealed class RecordingHeap(IHeap heap) : IHeap
{
    private readonly object _changed = new();
    private readonly Dictionary<HeapBuffer, RecordedBuffer> _buffers = new(ReferenceEqualityComparer.Instance);
    private readonly List<string> _faults = [];
    private readonly List<Exception> _refusals = [];
    private HeapBuffer? _newest;
    private int _released;
    private int _disposals;
    private Exception? _disposeFailure;

    public IHeap Inner => heap;

    public int Allocated => Locked(() => _buffers.Count);

    public int Disposals => Locked(() => _disposals);

    public Exception? DisposeFailure => Locked(() => _disposeFailure);

    /// <summary>What left the heap's <c>Allocate</c> in place of a buffer.</summary>
    public IReadOnlyList<Exception> Refusals => Locked<IReadOnlyList<Exception>>(() => [.. _refusals]);

    public IReadOnlyList<RecordedBuffer> Buffers => Locked<IReadOnlyList<RecordedBuffer>>(() => [.. _buffers.Values]);

    public HeapBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken)
    {
        HeapBuffer buffer;
        try
        {
            buffer = heap.Allocate(in request, cancellationToken);
        }
        catch (Exception exception)
        {
            lock (_changed) _refusals.Add(exception);
            throw;
        }

        var recorded = new RecordedBuffer(request.Name);
        lock (_changed)
        {
            if (buffer is not null && !_buffers.TryAdd(buffer, recorded)) _faults.Add("Allocate returned an object that it had returned before");
            _newest = buffer;
        }

        return buffer!;
    }

    public void Release(HeapBuffer buffer, ReleaseReason reason)
    {
        Exception? failure = null;
        try
        {
            heap.Release(buffer, reason);
        }
        catch (Exception exception)
        {
            failure = exception;
            throw;
        }
        finally
        {
            Released(buffer, reason, failure);
        }
    }

    public void Dispose()
    {
        lock (_changed)
        {
            _disposals++;
            if (_released < _buffers.Count) _faults.Add($"the heap was disposed with {_buffers.Count - _released} buffers not released");
        }

        try
        {
            heap.Dispose();
        }
        catch (Exception exception)
        {
            lock (_changed) _disposeFailure = exception;
            throw;
        }
    }

    /// <summary>Waits until every buffer so far was released, or every one of a name.</summary>
    /// <returns>False when the time is over.</returns>
    public bool WaitForReleases(TimeSpan patience, string? name = null)
    {
        var end = Environment.TickCount64 + (long)patience.TotalMilliseconds;
        lock (_changed)
        {
            while (_buffers.Values.Any(buffer => buffer.Releases.Count == 0 && (name is null || buffer.Name == name)))
            {
                var left = end - Environment.TickCount64;
                if (left <= 0 || !Monitor.Wait(_changed, TimeSpan.FromMilliseconds(left))) return false;
            }

            return true;
        }
    }

    /// <summary>The one buffer of a name.</summary>
    public RecordedBuffer Find(string name) => Locked(() => _buffers.Values.Single(buffer => buffer.Name == name));

    /// <summary>The heap's own object for the buffer that was allocated last.</summary>
    public HeapBuffer Newest => Locked(() => _newest!);

    /// <exception cref="CaseFailure">Something passed that must never, whatever the case.</exception>
    public void ThrowIfFaulty()
    {
        lock (_changed)
        {
            if (_faults.Count > 0) throw new CaseFailure(string.Join("; ", _faults));
        }
    }

    private void Released(HeapBuffer buffer, ReleaseReason reason, Exception? failure)
    {
        lock (_changed)
        {
            if (!_buffers.TryGetValue(buffer, out var recorded))
            {
                _faults.Add("Release was called for an object that Allocate never returned");
                return;
            }

            if (recorded.Releases.Count > 0) _faults.Add("a buffer was released more than once");
            recorded.Add(new RecordedRelease(reason, failure));
            _released++;
            Monitor.PulseAll(_changed);
        }
    }

    private T Locked<T>(Func<T> read)
    {
        lock (_changed) return read();
    }
}

/// <summary>A buffer that passed, by the name it was asked for with.</summary>
internal sealed class RecordedBuffer(string name)
{
    private volatile IReadOnlyList<RecordedRelease> _releases = [];

    public string Name { get; } = name;

    public IReadOnlyList<RecordedRelease> Releases => _releases;

    public void Add(RecordedRelease release) => _releases = [.. _releases, release];
}

/// <summary>One call of Release, and what it threw.</summary>
internal readonly record struct RecordedRelease(ReleaseReason Reason, Exception? Failure);

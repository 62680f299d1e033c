using DmaHeap.Hosting.Heaps;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace DmaHeap.Hosting.Isolation;

/// <summary>
/// A heap in a worker process, as the host has it. When the worker dies, its buffers live on, and another worker is started, with ever longer pauses; until it is up the heap
/// refuses with EIO. Where a heap's region can be there only once, the next worker waits for the last buffer of the one before. Thread-safe.
/// </summary>
internal sealed class IsolatedHeap : IHeap, IFacedHeap, IHeapGauge, IShrinker, IHeapJournal
{
    private readonly IsolatedPlugin _plugin;
    private readonly IHeapContext _context;
    private readonly ILogger _log;
    private readonly CancellationTokenRegistration _stopping;
    private readonly Lock _lock = new();
    private readonly BackOff _backOff = new();
    private WorkerSession? _session;
    private ITimer? _restart;
    private string _down = "";
    private bool _isStarting;
    private bool _disposed;

    /// <exception cref="HeapException">The heap refuses to start.</exception>
    public IsolatedHeap(IsolatedPlugin plugin, IHeapContext context)
    {
        _plugin = plugin;
        _context = context;
        _log = context is HeapContext hosts ? hosts.Logger : NullLogger.Instance;
        var session = Start();
        Faces = session.Faces;
        _session = session;
        if (session.IsOver) Ended(session); // it died between its start and this
        _stopping = context.Stopping.Register(() => Volatile.Read(ref _session)?.AnnounceEnd());
    }

    public HeapFaces Faces { get; }

    /// <summary>The worker that serves; null while there is none.</summary>
    public int? ProcessId => Volatile.Read(ref _session)?.ProcessId;

    /// <summary>Workers that were started after one died.</summary>
    public int Restarts { get; private set; }

    /// <summary>Why there is no worker, as a clause that follows "it"; null while there is one.</summary>
    public string? Fault
    {
        get
        {
            lock (_lock) return _session is null ? _down : null;
        }
    }

    /// <summary>Whether a worker is being started at this moment.</summary>
    public bool IsStarting
    {
        get
        {
            lock (_lock) return _isStarting;
        }
    }

    public HeapBuffer Allocate(in AllocationRequest request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return IsolatedAllocation.Run(Session(), in request, _context.Memory, cancellationToken);
    }

    public void Release(HeapBuffer buffer, ReleaseReason reason)
    {
        var isolated = (IsolatedBuffer)buffer;
        try
        {
            isolated.Session.Undo(WireKind.Release, to => to.Number(isolated.Number).Int((int)reason));
        }
        finally
        {
            buffer.Memory.Dispose(); // before the region it may be of
            isolated.Session.Memory.BufferGone(isolated.MemoryNumber);
        }
    }

    public HeapGauges ReadGauges()
    {
        using var call = Session().Begin(WireKind.ReadGauges);
        return call.Complete(from => new HeapGauges { Capacity = from.Long(), Free = from.Long(), LargestRun = from.Long() });
    }

    public long Count()
    {
        using var call = Session().Begin(WireKind.ShrinkerCount);
        return call.Complete(from => from.Long());
    }

    public long Scan(long bytes)
    {
        using var call = Session().Begin(WireKind.ShrinkerScan);
        call.Message.Long(bytes);
        return call.Complete(from => from.Long());
    }

    public HeapJournalPage ReadJournal(long after, int most)
    {
        using var call = Session().Begin(WireKind.ReadJournal);
        call.Message.Long(after).Int(most);
        return call.Complete(from =>
        {
            var (last, dropped) = (from.Long(), from.Long());
            var lines = new string[from.Count(sizeof(int))];
            for (var i = 0; i < lines.Length; i++) lines[i] = from.Text();
            return new HeapJournalPage { Lines = lines, Last = last, Dropped = dropped };
        });
    }

    public void Dispose()
    {
        WorkerSession? session;
        lock (_lock)
        {
            if (_disposed) return;
            _disposed = true;
            _restart?.Dispose();
            (session, _session) = (_session, null);
        }

        _stopping.Dispose();
        if (session is null) return;
        try
        {
            session.Undo(WireKind.End, static _ => { });
        }
        finally
        {
            session.End("was told to end");
        }
    }

    private WorkerSession Session() => Volatile.Read(ref _session) ?? throw new HeapException(HeapErrno.InputOutput, HeapCause.HeapFault, $"heap {_context.Name} is faulted: it {Fault ?? "has ended"}");

    private WorkerSession Start()
    {
        var session = new WorkerSession(_plugin, _context, Ended);
        HostLog.WorkerStarted(_log, _context.Name, session.ProcessId);
        return session;
    }

    // On the session's thread, once for each session, also for one that never came to serve.
    private void Ended(WorkerSession session)
    {
        var buffers = session.Memory.Buffers;
        var waits = _plugin.HasFixedRegion || session.Memory.HasRegions;
        lock (_lock)
        {
            if (!ReferenceEquals(_session, session) || _disposed) return;
            _session = null;
            _down = $"lost its worker process, which {session.Why}";
            if (waits) _down += $"; the next one waits until the last of {buffers} buffers is gone, whose region it needs";
        }

        HostLog.WorkerEnded(_log, _context.Name, session.ProcessId, session.Why, buffers);
        var lived = _context.Time.GetElapsedTime(session.Started);
        if (waits) session.Memory.WhenSettled(() => Schedule(lived, session.Why));
        else Schedule(lived, session.Why);
    }

    private void Schedule(TimeSpan lived, string why)
    {
        lock (_lock)
        {
            if (_disposed) return;
            var pause = _backOff.After(lived);
            _down = $"has no worker process, for the last one {why}; the next one follows after {pause.TotalSeconds:0.0} s";
            _restart?.Dispose();
            _restart = _context.Time.CreateTimer(_ => Restart(), null, pause, Timeout.InfiniteTimeSpan);
        }
    }

    private void Restart()
    {
        lock (_lock)
        {
            if (_disposed || _session is not null || _isStarting) return;
            _isStarting = true;
        }

        WorkerSession? session = null;
        string? reason = null;
        try
        {
            session = Start();
            if (session.Faces != Faces) reason = "has other interfaces than the one before";
        }
        catch (Exception exception)
        {
            reason = exception.Message;
        }

        bool isWanted;
        lock (_lock)
        {
            _isStarting = false;
            isWanted = !_disposed && reason is null;
            if (isWanted)
            {
                _session = session;
                Restarts++;
            }
        }

        if (isWanted)
        {
            if (session!.IsOver) Ended(session); // it died between its start and this
            return;
        }

        session?.End(reason ?? "was told to end");
        if (reason is null) return;
        HostLog.WorkerNotStarted(_log, _context.Name, reason);
        Schedule(TimeSpan.Zero, $"did not start: {reason}");
    }
}

using DmaHeap.Hosting.Heaps;
using DmaHeap.Hosting.Memory;
using DmaHeap.Linux;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Isolation;

/// <summary>
/// A worker from its start to its end, as the host has it: its process, the calls into it, what it has of the host. It ends once, whatever the reason is: the process died, did not
/// answer in time, or said what makes no sense. Calls under way fail then, and later ones at once. Thread-safe.
/// </summary>
internal sealed class WorkerSession
{
    private const int MostOptions = Channel.MaxMessage / 4;

    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_start = TimeSpan.FromSeconds(60);

    private readonly WorkerLanes _lanes;
    private readonly Channel _upcalls;
    private readonly WorkerProcess _process;
    private readonly IHeapContext _context;
    private readonly WorkerLogLimit _logLimit;
    private readonly TimeSpan _opTimeout;
    private readonly ITimer _watchdog;
    private readonly ManualResetEventSlim _processEnded = new();
    private ulong _lastCall;
    private string? _end;

    /// <summary>Starts a worker and its heap.</summary>
    /// <param name="plugin">What it runs.</param>
    /// <param name="context">The host as its heap sees it.</param>
    /// <param name="ended">Told once, on a thread of the session's own, after its process has ended.</param>
    /// <param name="program">Another program than the worker, for tests; null for the worker.</param>
    /// <exception cref="HeapException">The heap refuses to start, or no worker can be started.</exception>
    /// <exception cref="WorkerFaultException">The heap's constructor threw.</exception>
    public WorkerSession(IsolatedPlugin plugin, IHeapContext context, Action<WorkerSession> ended, WorkerProgram? program = null)
    {
        _context = context;
        _opTimeout = plugin.OpTimeout;
        Memory = new WorkerMemory();
        _logLimit = new WorkerLogLimit(context.Name, context.Time, context is HeapContext hosts ? hosts.Logger : NullLogger.Instance);
        Requests = new WorkerRequests(context, Memory, _logLimit);
        var (control, itsControl) = SeqpacketSocket.CreatePair();
        var (upcalls, itsUpcalls) = SeqpacketSocket.CreatePair();
        (_lanes, _upcalls) = (new WorkerLanes(control, Requests, context.Name), new Channel(upcalls));
        using (itsControl)
        using (itsUpcalls)
        {
            try
            {
                _process = WorkerProcess.Start(program ?? WorkerProgram.Find(), itsControl);
            }
            catch
            {
                _lanes.Close();
                _upcalls.Dispose();
                throw;
            }

            Started = context.Time.GetTimestamp();
            _watchdog = context.Time.CreateTimer(_ => Look(), null, s_look, s_look);
            new Thread(() => ServeUpcalls(ended)) { IsBackground = true, Name = "dmaheap worker requests" }.Start();
            try
            {
                _lanes.Tell(to => to.Begin(WireKind.OpenUpcalls), itsUpcalls);
            }
            catch (WireException fault)
            {
                End(fault.Message);
            }
        }

        try
        {
            Faces = StartHeap(plugin);
        }
        catch
        {
            End("did not start its heap");
            throw;
        }
    }

    public int ProcessId => _process.ProcessId;

    /// <summary>When it was started, by the context's clock.</summary>
    public long Started { get; }

    /// <summary>Which of the optional interfaces its heap has.</summary>
    public HeapFaces Faces { get; }

    public WorkerMemory Memory { get; }

    public WorkerRequests Requests { get; }

    /// <summary>Why it is given up, as a clause that follows "its worker"; null while it is not.</summary>
    public string? WhyEnded => Volatile.Read(ref _end);

    /// <summary>What every call is answered with after its end.</summary>
    public HeapException Gone() => new(HeapErrno.InputOutput, HeapCause.HeapFault, $"heap {_context.Name} failed: its worker process {WhyEnded ?? "is gone"}");

    /// <summary>Begins a call; dispose it when it was answered.</summary>
    /// <param name="kind">Of what.</param>
    /// <param name="isBounded">Whether the worker is given up where the answer does not come in time.</param>
    /// <exception cref="HeapException">EIO: the worker is gone. EBUSY: too many calls are under way.</exception>
    public WorkerCall Begin(WireKind kind, bool isBounded = true)
    {
        WorkerLane? lane = null;
        try
        {
            lane = _lanes.Rent();
            lane.Deadline = isBounded ? DeadlineAfter(_opTimeout) : long.MaxValue;
            return new WorkerCall(this, lane, lane.Begin(kind, Interlocked.Increment(ref _lastCall)));
        }
        catch (LinuxException shortage)
        {
            throw SystemRefusal.From(shortage.Errno, "calling a worker process");
        }
        catch (WireException fault)
        {
            End(fault.Message);
            throw Gone();
        }
    }

    /// <summary>A call that undoes something: done where the worker lives, and not needed where it has ended.</summary>
    /// <exception cref="HeapException">The heap refused.</exception>
    /// <exception cref="WorkerFaultException">It threw.</exception>
    public void Undo(WireKind kind, Action<WireWriter> write)
    {
        try
        {
            if (WhyEnded is not null) return;
            using var call = Begin(kind);
            write(call.Message);
            call.Complete();
        }
        catch (HeapException) when (WhyEnded is not null)
        {
            // It ended meanwhile, and all that was to be undone with it.
        }
    }

    /// <summary>Takes a lane back after an answer.</summary>
    public void Return(WorkerLane lane) => _lanes.Return(lane);

    /// <summary>Takes a lane back whose call did not come to its end: nobody knows what the worker did.</summary>
    public void Discard(WorkerLane lane)
    {
        End("was given up in the midst of a call");
        _lanes.Discard(lane);
    }

    /// <summary>Gives the worker up after what came, or did not come, on a lane. Where that only shows that it died, its process says why in a moment.</summary>
    public void EndOfCall(string fault)
    {
        if (fault == Channel.GoneMessage) _processEnded.Wait(s_patience);
        End(fault == Channel.GoneMessage ? "closed a socket" : fault);
    }

    /// <summary>Withdraws a call. The heap has a while to heed it.</summary>
    public void Withdraw(WorkerLane lane)
    {
        var call = lane.Call;
        lane.Deadline = DeadlineAfter(_opTimeout);
        TryTell(to => to.Begin(WireKind.Cancel).Int(lane.Number).Number(call));
    }

    /// <summary>Tells the heap that its end is near.</summary>
    public void AnnounceEnd() => TryTell(to => to.Begin(WireKind.Stopping));

    /// <summary>Gives the worker up. The first reason stays.</summary>
    public void End(string why)
    {
        if (Interlocked.CompareExchange(ref _end, why, null) is not null) return;
        _process.Kill();
        _lanes.Shut();
        _upcalls.Shut();
    }

    private HeapFaces StartHeap(IsolatedPlugin plugin)
    {
        var levels = Enum.GetValues<HeapLogLevel>().Aggregate(0, (known, level) => _context.Log.IsEnabled(level) ? known | (1 << (int)level) : known);
        var machine = _context.Memory.Capabilities;
        if (plugin.Options?.Length > MostOptions) throw new HeapException(HeapErrno.Invalid, HeapCause.Unavailable, $"its options are longer than {MostOptions} characters, which no worker process takes");
        using var call = Begin(WireKind.Start, isBounded: false);
        call.Lane.Deadline = DeadlineAfter(s_start > _opTimeout ? s_start : _opTimeout);
        var to = call.Message.Text(_context.Name).Text(plugin.MainAssembly).Text(plugin.HeapType).Flag(plugin.Options is not null).Text(plugin.Options ?? "", Channel.MaxMessage).Int(levels);
        to.Long(machine.PageSize).Flag(machine.SecretMemory).Text(machine.SecretMemoryReason).Int(machine.HugePages.Count);
        foreach (var pool in machine.HugePages) to.Long(pool.PageSize).Long(pool.Total).Long(pool.Free);
        return call.Complete(from => (HeapFaces)from.Int());
    }

    // Log entries and what threads of the plugin's own ask for; and the place where its end is noticed.
    private void ServeUpcalls(Action<WorkerSession> ended)
    {
        try
        {
            while (true) Requests.Serve(_upcalls, _upcalls.Receive());
        }
        catch (WireException fault)
        {
            if (fault.Message != Channel.GoneMessage) End(fault.Message);
        }
        catch (Exception exception)
        {
            End($"asked for what the host failed at: {exception.Message}");
        }

        _process.Kill(); // it may have closed the socket alone
        var how = _process.WaitForEnd();
        var why = Interlocked.CompareExchange(ref _end, how, null);
        _processEnded.Set();
        Why = why is null || why == how ? how : $"{why}, and {how}";
        _lanes.Close();
        _watchdog.Dispose();
        _process.Dispose();
        _upcalls.Dispose();
        _logLimit.Dispose();
        ended(this);
        Memory.End();
    }

    /// <summary>Whether all has been seen to that its end brings.</summary>
    public bool IsOver => _lanes.IsClosed;

    /// <summary>How it ended in full, for the log; known when the session is over.</summary>
    public string Why { get; private set; } = "";

    private void Look()
    {
        if (_lanes.IsAnyLate(_context.Time.GetTimestamp())) End($"did not answer within {_opTimeout.TotalMilliseconds:0} ms");
    }

    private long DeadlineAfter(TimeSpan time) => _context.Time.GetTimestamp() + (long)(time.TotalSeconds * _context.Time.TimestampFrequency);

    private void TryTell(Action<WireWriter> write)
    {
        try
        {
            _lanes.Tell(write);
        }
        catch (WireException fault)
        {
            End(fault.Message);
        }
    }
}

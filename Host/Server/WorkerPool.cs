using DmaHeap.Linux;
using Microsoft.Extensions.Logging;

namespace DmaHeap.Hosting.Server;

/// <summary>
/// The threads that read and answer requests: few, all waiting on one epoll set, plugin code inline. A watchdog looks after those whom a slow heap holds up: it has their connection
/// reported again, for what else its client sends, and adds a worker when all are held up, which goes again when it has been idle for a while.
/// </summary>
internal sealed class WorkerPool
{
    private const ulong StopKey = ulong.MaxValue;
    private const int StackBytes = 512 * 1024;
    private const int MostWorkers = 64;
    private const int IdleMs = 10_000;
    private const int StopMs = 5_000;
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(100);

    private readonly EventPoll _poll;
    private readonly Action<ReadyDescriptor, WorkerScratch> _serve;
    private readonly ILogger _log;
    private readonly EventSignal _stop = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<Thread, WorkerScratch> _threads = [];
    private readonly ITimer _watchdog;
    private readonly int _base = Math.Max(2, Environment.ProcessorCount);
    private bool _stopped;

    /// <param name="poll">The set to wait on.</param>
    /// <param name="serve">Called for each ready descriptor; must not throw.</param>
    /// <param name="time">The watchdog's clock.</param>
    /// <param name="log">For added workers.</param>
    public WorkerPool(EventPoll poll, Action<ReadyDescriptor, WorkerScratch> serve, TimeProvider time, ILogger log)
    {
        _poll = poll;
        _serve = serve;
        _log = log;
        _poll.Add(_stop.Handle, ReadyEvents.Readable, StopKey);
        for (var i = 0; i < _base; i++) Start(isExtra: false);
        _watchdog = time.CreateTimer(_ => Look(), null, s_patience, s_patience);
    }

    /// <summary>Bytes that the workers there are have allocated on the managed heap: after a while of work, none for most requests.</summary>
    public long AllocatedBytes
    {
        get
        {
            lock (_lock) return _threads.Values.Sum(scratch => scratch.AllocatedBytes);
        }
    }

    /// <summary>Ends the workers. False when a heap holds one beyond patience; the event set is in use then.</summary>
    public bool TryStop()
    {
        _watchdog.Dispose();
        Thread[] threads;
        lock (_lock)
        {
            _stopped = true;
            threads = [.. _threads.Keys];
        }

        _stop.Signal();
        var deadline = Environment.TickCount64 + StopMs;
        var idle = threads.All(thread => thread.Join((int)Math.Max(0, deadline - Environment.TickCount64)));
        if (idle) _stop.Dispose();
        return idle;
    }

    /// <summary>Puts another worker in the place of one that a heap does not give back. Does nothing for a thread that is none of the workers.</summary>
    public void Replace(Thread lost)
    {
        lock (_lock)
        {
            if (!_threads.Remove(lost, out var scratch)) return;
            scratch.GiveUp();
            scratch.Serving?.Arm(_poll); // nobody looks after what else its client sends from here on
        }

        Start(isExtra: false);
    }

    private void Start(bool isExtra)
    {
        lock (_lock)
        {
            if (_stopped) return;
            var scratch = new WorkerScratch();
            var thread = new Thread(() => Run(scratch, isExtra), StackBytes) { IsBackground = true, Name = "dmaheap worker" };
            _threads.Add(thread, scratch);
            thread.Start();
        }
    }

    private void Run(WorkerScratch scratch, bool isExtra)
    {
        Span<ReadyDescriptor> ready = stackalloc ReadyDescriptor[1];
        while (true)
        {
            if (_poll.Wait(ready, isExtra ? IdleMs : -1) == 0) break;
            if (ready[0].Data == StopKey) break;
            _serve(ready[0], scratch);
            if (scratch.IsGivenUp) break;
        }

        lock (_lock) _threads.Remove(Thread.CurrentThread);
    }

    private void Look()
    {
        WorkerScratch[] workers;
        lock (_lock) workers = [.. _threads.Values];
        var heldUp = 0;
        foreach (var worker in workers)
        {
            if (!worker.IsHeldUp()) continue;
            heldUp++;
            worker.Serving?.Arm(_poll);
        }

        // All are at the same requests as at the last look: others wait behind heaps that do not answer.
        if (heldUp < workers.Length || workers.Length >= MostWorkers) return;
        HostLog.WorkerAdded(_log, workers.Length, (long)s_patience.TotalMilliseconds);
        Start(isExtra: true);
    }
}

using DmaHeap.KernelAbi.Answers;
using DmaHeap.KernelAbi.Calls;
using DmaHeap.KernelAbi.Nodes;
using DmaHeap.Linux;

namespace DmaHeap.KernelAbi.Supervision;

/// <summary>
/// The threads that receive calls and answer them. One listens, and answers by itself what needs no heap: caller and answerer then take turns on one processor, which is half the time of
/// several that listen at once. Before a heap is asked another thread listens, so that one that takes its time keeps nobody else waiting. There are never more threads
/// than a bound: a program that forks without end costs no more than those.
/// </summary>
internal sealed class CallServer : IDisposable
{
    private const int MostThreads = 128, StackBytes = 256 * 1024;

    private readonly TargetResolver _targets;
    private readonly IoctlAnswers _answers;
    private readonly RefusalCounts _refusals;
    private readonly CallerIdentities _identities = new();
    private readonly ListingCalls? _listings;
    private readonly PathAnswers? _paths;
    private readonly StrictAnswers? _strict;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ManualResetEventSlim _open = new();
    private int _threads;
    private readonly SemaphoreSlim _spare = new(0);
    private int _listening;
    private int _parked;

    public CallServer(ShownDirectory shown, HeapDirectory directory, IHeapBackend backend, RefusalCounts refusals, bool strict)
    {
        _refusals = refusals;
        var watchful = new WatchfulBackend(backend, EnsureListener);
        var memfds = new ProgramMemfds(watchful);
        _targets = new TargetResolver(shown.Nodes, watchful, memfds);
        _answers = new IoctlAnswers(watchful, new NoSyncFiles(), memfds, refusals);
        if (shown is MountedDirectory mounted && directory.Hidden is { Count: > 0 } hidden) _listings = new ListingCalls(mounted.Key, hidden);
        if (shown is ImitatedDirectory imitated) _paths = new PathAnswers(imitated, Listener, EnsureListener);
        if (strict) _strict = new StrictAnswers(_targets, _identities, shown.Way == DirectoryWay.Answers);
        Kinds = new CallKinds(_listings is not null, _paths is not null, strict);
        AddThread();
    }

    public CallKinds Kinds { get; }

    public SeccompListener Listener { get; } = new();

    /// <summary>Begins to receive: the listener listens. May be called again.</summary>
    public void Open() => _open.Set();

    /// <summary>Withdraws what is being answered. Threads that wait for a call go when the last supervised thread does, or with this process.</summary>
    public void Dispose()
    {
        _stopping.Cancel();
        _open.Set();
        Listener.Dispose();
        _strict?.Dispose();
        _targets.Dispose();
    }

    private void AddThread()
    {
        if (Interlocked.Increment(ref _threads) > MostThreads)
        {
            Interlocked.Decrement(ref _threads);
            return;
        }

        new Thread(Run, StackBytes) { IsBackground = true, Name = "dmaheap exec" }.Start();
    }

    private void Run()
    {
        var caller = new SeccompCaller(Listener, _identities);
        _open.Wait();
        try
        {
            if (!_stopping.IsCancellationRequested) Listener.TrySetSynchronousWakeUp(); // without it calls are slower, and that is all
            while (!_stopping.IsCancellationRequested)
            {
                Interlocked.Increment(ref _listening);
                var received = TryReceive(out var call);
                Interlocked.Decrement(ref _listening);
                if (!received) break;
                caller.Face(in call);
                Answer(in call, caller);
                if (Volatile.Read(ref _listening) > 0) Park();
            }
        }
        catch (Exception exception) when (exception is ObjectDisposedException or OperationCanceledException && _stopping.IsCancellationRequested)
        {
            // The listener was closed between two looks at it, or the wait for a turn called off.
        }
    }

    // The last to listen comes back to listening, or has called this: there is always somebody.
    private void EnsureListener()
    {
        if (Volatile.Read(ref _listening) > 0) return;
        if (Volatile.Read(ref _parked) > 0) _spare.Release();
        else AddThread();
    }

    private void Park()
    {
        Interlocked.Increment(ref _parked);
        // Seen from here on by whoever is the last to listen; one that left before is found out now.
        if (Volatile.Read(ref _listening) > 0) _spare.Wait(_stopping.Token);
        Interlocked.Decrement(ref _parked);
    }

    private bool TryReceive(out SeccompNotification call)
    {
        while (true)
        {
            var errno = Listener.TryReceive(out call);
            if (errno == Errno.None) return true;
            if (errno == Errno.EINTR) continue;
            // The caller was killed before it could be received, or there is none left.
            if (errno != Errno.ENOENT || !Listener.HasCallers) return false;
        }
    }

    private void Answer(in SeccompNotification call, SeccompCaller caller)
    {
        CallResult result;
        try
        {
            result = Find(in call, caller);
        }
        catch (Exception exception)
        {
            // A defect of ours: the program gets an error that it can show, rather than no answer.
            _refusals.Refused("a call", "", new BackendAnswer(Errno.EIO, RefusalCause.BackendFault, $"the supervisor failed: {exception.Message}"), caller.Identity);
            result = CallResult.Fail(Errno.EIO);
        }

        // That nobody waits any more is no failure of ours.
        _ = result.End switch
        {
            CallEnd.PassThrough => Listener.TryContinue(call.Id),
            CallEnd.Return => Listener.TryReturn(call.Id, result.Value),
            CallEnd.Fail => Listener.TryFail(call.Id, (Errno)result.Value),
            _ => Errno.None,
        };
    }

    private CallResult Find(in SeccompNotification call, SeccompCaller caller) => Kinds.Of(in call) switch
    {
        CallKind.Ioctl => Result(AnswerIoctl(in call, caller)),
        CallKind.ListDirectory when _listings is not null => _listings.Answer(in call, caller),
        CallKind.Unknown => CallResult.PassThrough,
        var other => AnswerOther(other, in call, caller),
    };

    // One call may be about a path or about a descriptor: fstatat and statx.
    private CallResult AnswerOther(CallKind kind, in SeccompNotification call, SeccompCaller caller)
    {
        var result = kind < CallKind.LSeek && _paths is not null ? _paths.Answer(kind, in call, caller) : CallResult.PassThrough;
        return result.End == CallEnd.PassThrough && _strict is not null ? _strict.Answer(kind, in call, caller) : result;
    }

    private static CallResult Result(KernelAnswer answer) => answer.Kind switch
    {
        KernelAnswerKind.PassThrough => CallResult.PassThrough,
        KernelAnswerKind.Return => answer.Errno == Errno.None ? CallResult.Return(answer.Value) : CallResult.Fail(answer.Errno),
        _ => CallResult.Over,
    };

    private KernelAnswer AnswerIoctl(in SeccompNotification call, SeccompCaller caller)
    {
        var number = IoctlNumber.FromArgument(call.Argument1);
        var errno = _targets.TryResolve(call.ThreadId, (int)call.Argument0, caller, out var target);
        if (errno == Errno.None) return _answers.Answer(in target, number, call.Argument2, caller, _stopping.Token);
        if (errno == Errno.EBADF) return KernelAnswer.Return(errno);
        if (errno is (Errno.EACCES or Errno.EPERM) && number.Value == KnownIoctls.Allocate)
        {
            _refusals.Refused(
                "DMA_HEAP_IOCTL_ALLOC", "",
                new BackendAnswer(Errno.ENOTTY, "undumpable", "the program lets nobody look into it (it is not dumpable, or another user's): only a supervisor with CAP_SYS_PTRACE could serve it"),
                caller.Identity);
        }

        return KernelAnswer.PassThrough;
    }
}

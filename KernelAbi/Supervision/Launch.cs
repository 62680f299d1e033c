using DmaHeap.KernelAbi.Calls;
using DmaHeap.KernelAbi.Nodes;
using DmaHeap.Linux;

namespace DmaHeap.KernelAbi.Supervision;

/// <summary>
/// The thread that a program is started from. What is done to it, a mount namespace and a filter, the program inherits, while the other threads of this process stay as they are.
/// From the filter on it makes no call but the one that starts the program, allocates nothing, and runs nothing for the first time: were it to collect garbage, the runtime would
/// open files, and wait for threads that the collection itself has stopped; were code to be compiled or bound, the runtime would map memory, which under <c>--strict</c> this process's
/// other threads have to answer, while they may wait for a lock that the runtime holds meanwhile.
/// </summary>
/// <param name="program">The program.</param>
/// <param name="directory">What it shall see.</param>
/// <param name="prepare">Makes the server once it is known how the directory is shown.</param>
internal sealed class Launch(PreparedProgram program, HeapDirectory directory, Func<ShownDirectory, CallServer> prepare)
{
    // How soon the server listens once there is a filter. What the program is told until then waits for it.
    private static readonly TimeSpan s_nextLook = TimeSpan.FromMilliseconds(1);

    private Exception? _failure;
    private Errno _filterErrno, _startErrno;
    private int _processId;
    private bool _isFiltered;

    public ShownDirectory? Shown { get; private set; }

    public CallServer? Server { get; private set; }

    /// <summary>Starts the program.</summary>
    /// <returns>Its process.</returns>
    /// <exception cref="SupervisionException">It did not start; the server and what was shown are disposed.</exception>
    public int Run()
    {
        var thread = new Thread(Work) { IsBackground = true, Name = "dmaheap launch" };
        thread.Start();
        while (!thread.Join(s_nextLook)) OpenOnceFiltered();
        OpenOnceFiltered();
        if (LaunchFailure.Of(_failure, _filterErrno, _startErrno) is not { } failure) return _processId;
        Server?.Dispose();
        Shown?.Dispose();
        throw failure;
    }

    private void Work()
    {
        BpfInstruction[] filter;
        SeccompListener listener;
        try
        {
            var privileged = ThreadCapabilities.MayAdministrate;
            Shown = Show();
            Server = prepare(Shown);
            listener = Server.Listener;
            filter = NotifyFilter.Build(Server.Kinds.Rules, KnownIoctls.Types);
            if (!privileged) SeccompFilter.TrySetNoNewPrivileges().ThrowIfFailed("prctl(PR_SET_NO_NEW_PRIVS)");
            using var rehearsed = new SeccompListener();
            Enter([], rehearsed, rehearsal: true);
        }
        catch (Exception exception)
        {
            _failure = exception;
            return;
        }

        Enter(filter, listener, rehearsal: false);
    }

    private void Enter(BpfInstruction[] filter, SeccompListener listener, bool rehearsal)
    {
        _filterErrno = SeccompFilter.TryInstall(filter, listener);
        if (_filterErrno != Errno.None && !rehearsal) return;
        Volatile.Write(ref _isFiltered, !rehearsal);
        _startErrno = program.TryStart(out _processId, rehearsal);
    }

    // By another thread: to wake those that wait is more than the filtered one may do.
    private void OpenOnceFiltered()
    {
        if (Volatile.Read(ref _isFiltered)) Server!.Open();
    }

    private ShownDirectory Show()
    {
        if (directory.Overlap == HeapOverlap.Keep && HeapDirectory.KernelHasHeaps) return new KernelsDirectory();
        try
        {
            return MountedDirectory.Mount(directory);
        }
        catch (LinuxException refusal) when (refusal.Errno is Errno.EPERM or Errno.EACCES or Errno.ENOSYS)
        {
            return ImitatedDirectory.Make(directory);
        }
    }
}

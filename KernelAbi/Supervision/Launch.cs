using DmaHeap.KernelAbi.Calls;
using DmaHeap.KernelAbi.Nodes;
using DmaHeap.Linux;

namespace DmaHeap.KernelAbi.Supervision;

/// <summary>
/// The thread that a program is started from. What is done to it, a mount namespace and a filter, the program inherits, while the other threads of this process stay as they are.
/// From the filter on it makes no call but the one that starts the program, and allocates nothing: were it to collect garbage, the runtime would open files, and wait for
/// threads that the collection itself has stopped.
/// </summary>
/// <param name="program">The program.</param>
/// <param name="directory">What it shall see.</param>
/// <param name="prepare">Makes the server once it is known how the directory is shown.</param>
internal sealed class Launch(PreparedProgram program, HeapDirectory directory, Func<ShownDirectory, CallServer> prepare)
{
    private Exception? _failure;
    private Errno _filterErrno, _startErrno;
    private int _processId;

    public ShownDirectory? Shown { get; private set; }

    public CallServer? Server { get; private set; }

    /// <summary>Starts the program.</summary>
    /// <returns>Its process.</returns>
    /// <exception cref="SupervisionException">It did not start; the server and what was shown are disposed.</exception>
    public int Run()
    {
        var thread = new Thread(Work) { IsBackground = true, Name = "dmaheap launch" };
        thread.Start();
        thread.Join();
        if (LaunchFailure.Of(_failure, _filterErrno, _startErrno) is not { } failure) return _processId;
        Server?.Dispose();
        Shown?.Dispose();
        throw failure;
    }

    private void Work()
    {
        BpfInstruction[] filter;
        SeccompListener listener;
        CallServer server;
        try
        {
            var privileged = ThreadCapabilities.MayAdministrate;
            Shown = Show();
            Server = server = prepare(Shown);
            listener = server.Listener;
            filter = NotifyFilter.Build(server.Kinds.Rules, KnownIoctls.Types);
            if (!privileged) SeccompFilter.TrySetNoNewPrivileges().ThrowIfFailed("prctl(PR_SET_NO_NEW_PRIVS)");
        }
        catch (Exception exception)
        {
            _failure = exception;
            return;
        }

        _filterErrno = SeccompFilter.TryInstall(filter, listener);
        if (_filterErrno != Errno.None) return;
        server.Open();
        _startErrno = program.TryStart(out _processId);
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

using DmaHeap.Client;
using DmaHeap.KernelAbi;
using DmaHeap.Linux;
using DmaHeap.Protocol;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Cli.Exec.Backends;

/// <summary>
/// Serves an unmodified program from a daemon, over one connection and with the identity of whoever ran this process: to the daemon the program's processes are one client.
/// </summary>
sealed class DaemonBackend : IHeapBackend
{
    const Seals SealsOfBuffers = Seals.Shrink | Seals.Grow | Seals.Seal;

    static readonly DmaAllocationOptions[] s_options = [.. Enum.GetValues<FileAccessMode>().Select(access => new DmaAllocationOptions { Access = access })];

    readonly DmaHeapClient _client;

    DaemonBackend(DmaHeapClient client, IReadOnlyList<BackendHeap> heaps)
    {
        _client = client;
        Heaps = heaps;
    }

    public IReadOnlyList<BackendHeap> Heaps { get; }

    /// <summary>Asks the daemon for its heaps.</summary>
    /// <param name="client">A connection; owned by the backend from now on, but the caller's still when this throws.</param>
    /// <exception cref="DmaHeapException">The daemon refused, or is gone.</exception>
    public static DaemonBackend Create(DmaHeapClient client)
    {
        var entries = client.ListHeaps();
        var aliases = entries.Where(entry => entry.AliasOf.Length > 0).ToLookup(entry => entry.AliasOf, entry => entry.Name);
        return new DaemonBackend(client,
        [
            .. entries.Where(entry => entry.AliasOf.Length == 0)
                .Select(entry => new BackendHeap(entry.Name, [.. aliases[entry.Name]], entry.State == HeapState.Active ? null : entry.Reason)),
        ]);
    }

    public BackendAnswer Allocate(in BufferOrder order, out BackendBuffer buffer, CancellationToken cancellationToken)
    {
        buffer = default;
        if (order.Length > long.MaxValue) return new BackendAnswer(Errno.ENOMEM, HeapCause.BufferLimit, $"{order.Length} bytes are more than any machine has");
        try
        {
            var allocated = _client.Allocate(order.Heap, (long)order.Length, s_options[(int)order.Access], cancellationToken);
            buffer = new BackendBuffer(allocated.Handle, Facts.Of(allocated.Length, allocated.Flags));
            return BackendAnswer.Done;
        }
        catch (OperationCanceledException)
        {
            return new BackendAnswer(Errno.EINTR, HeapCause.Cancelled, "the request was withdrawn");
        }
        catch (Exception failure) when (failure is DmaHeapException or ObjectDisposedException)
        {
            return AnswerOf(failure);
        }
    }

    public bool TryIdentify(SafeFileHandle shown, out BufferFacts facts)
    {
        facts = default;
        // Only memfds have seals, so what is surely no buffer costs no round trip.
        if (FileSeals.TryGet(shown, out var seals) != Errno.None || (seals & SealsOfBuffers) != SealsOfBuffers) return false;
        try
        {
            var found = _client.Describe(shown);
            facts = Facts.Of(found.Length, found.Flags);
            return true;
        }
        catch (Exception failure) when (failure is DmaHeapException or ObjectDisposedException)
        {
            return false;
        }
    }

    public BackendAnswer SetName(SafeFileHandle shown, string name)
    {
        try
        {
            _client.SetName(shown, name);
            return BackendAnswer.Done;
        }
        catch (Exception failure) when (failure is DmaHeapException or ObjectDisposedException)
        {
            return AnswerOf(failure);
        }
    }

    public BackendAnswer CpuAccess(SafeFileHandle shown, CpuAccessChange access, CallerIdentity caller)
    {
        var direction = (CpuAccessDirection)(access & (CpuAccessChange.Read | CpuAccessChange.Write));
        var isEnd = (access & CpuAccessChange.End) != 0;
        try
        {
            if (isEnd) _client.EndCpuAccess(shown, direction);
            else _client.BeginCpuAccess(shown, direction);
            return BackendAnswer.Done;
        }
        catch (DmaHeapException refusal) when (isEnd && refusal.Cause == HeapCause.BadOrder)
        {
            return BackendAnswer.Done; // one that was not begun is fine, as in the kernel
        }
        catch (Exception failure) when (failure is DmaHeapException or ObjectDisposedException)
        {
            return AnswerOf(failure);
        }
    }

    public void Dispose() => _client.Dispose();

    // That there is a socket in between is nothing a program written for the kernel could make sense of: the heap failed.
    static BackendAnswer AnswerOf(Exception failure) => failure switch
    {
        DmaHeapException { Cause: HeapCause.UnknownBuffer } refusal => new(Errno.ENOTTY, refusal.Cause, refusal.Message),
        DmaHeapException { Cause: ClientCause.ConnectionLost or ClientCause.BadReply or ClientCause.Disposed } lost => new(Errno.EIO, lost.Cause, lost.Message),
        DmaHeapException refusal => new(refusal.Errno, refusal.Cause, refusal.Message),
        _ => new(Errno.EIO, ClientCause.Disposed, "the connection to the host was closed"),
    };
}

using System.Collections.Concurrent;
using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Client;

/// <summary>One thread for all connections of the process, started with the first task that waits for a reply. A connection is watched, and held, only while
/// tasks wait on it: an idle one costs no thread and can be collected.</summary>
sealed class ReplyPoller
{
    static readonly Lock s_gate = new();
    static readonly ConcurrentDictionary<ulong, HostConnection> s_watched = new();
    static ReplyPoller? s_shared;
    static ulong s_lastToken;

    readonly EventPoll _poll = new();

    ReplyPoller() => new Thread(Run) { IsBackground = true, Name = "dmaheap replies" }.UnsafeStart();

    /// <summary>Has <see cref="HostConnection.ReadReady"/> called once, when the socket is readable or the host gone.</summary>
    /// <param name="connection">Held until then, or until it is forgotten.</param>
    /// <param name="socket">Its socket.</param>
    /// <param name="token">What to forget it by; 0 on failure.</param>
    /// <returns>EMFILE, ENFILE (no descriptor for the poller), ENOSPC, ENOMEM (the kernel watches no more for this user).</returns>
    public static Errno TryWatch(HostConnection connection, SafeFileHandle socket, out ulong token)
    {
        token = 0;
        if (TryStart(out var poller) is var failed and not Errno.None) return failed;

        const ReadyEvents Once = ReadyEvents.Readable | ReadyEvents.PeerClosed | ReadyEvents.OneShot;
        var fresh = Interlocked.Increment(ref s_lastToken); // never used again, so a late event of an old watch finds nobody
        s_watched[fresh] = connection;
        var errno = poller._poll.TryModify(socket, Once, fresh);
        if (errno == Errno.ENOENT) errno = poller._poll.TryAdd(socket, Once, fresh);
        if (errno == Errno.None) token = fresh;
        else Forget(fresh);
        return errno;
    }

    /// <summary>Lets go of a connection; 0 is nobody's token.</summary>
    public static void Forget(ulong token)
    {
        if (token != 0) s_watched.TryRemove(token, out _);
    }

    static Errno TryStart(out ReplyPoller poller)
    {
        lock (s_gate)
        {
            try
            {
                poller = s_shared ??= new ReplyPoller();
                return Errno.None;
            }
            catch (LinuxException exception)
            {
                poller = null!;
                return exception.Errno; // not remembered: there may be a descriptor the next time
            }
        }
    }

    void Run()
    {
        var ready = new ReadyDescriptor[EventPoll.MaxBatch];
        while (true)
        {
            var count = _poll.Wait(ready, timeout: -1);
            foreach (var descriptor in ready.AsSpan(0, count))
            {
                if (s_watched.TryRemove(descriptor.Data, out var connection)) connection.ReadReady(descriptor.Data);
            }
        }
    }
}

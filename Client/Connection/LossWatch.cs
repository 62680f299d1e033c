using System.Collections.Concurrent;
using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Client;

/// <summary>
/// One thread for all connections of the process, started with the first that wants to hear of its loss while nobody uses it. It holds none of them: one that was forgotten can be
/// collected.
/// </summary>
sealed class LossWatch
{
    static readonly Lock s_gate = new();
    static readonly ConcurrentDictionary<ulong, WeakReference<HostConnection>> s_watched = new();
    static LossWatch? s_shared;
    static ulong s_lastToken;

    readonly EventPoll _poll = new();

    LossWatch() => new Thread(Run) { IsBackground = true, Name = "dmaheap loss watch" }.UnsafeStart();

    /// <summary>Has <see cref="HostConnection.ReadReady"/> called when the host has hung up.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="socket">Its socket.</param>
    /// <param name="token">What to forget it by; 0 on failure.</param>
    /// <returns>EMFILE, ENFILE, ENOSPC, ENOMEM.</returns>
    public static Errno TryWatch(HostConnection connection, SafeFileHandle socket, out ulong token)
    {
        token = 0;
        LossWatch watch;
        lock (s_gate)
        {
            try
            {
                watch = s_shared ??= new LossWatch();
            }
            catch (LinuxException exception)
            {
                return exception.Errno;
            }
        }

        var fresh = Interlocked.Increment(ref s_lastToken);
        s_watched[fresh] = new WeakReference<HostConnection>(connection);
        var errno = watch._poll.TryAdd(socket, ReadyEvents.PeerClosed | ReadyEvents.OneShot, fresh);
        if (errno == Errno.None) token = fresh;
        else Forget(fresh);
        return errno;
    }

    /// <summary>Lets go of a connection; 0 is nobody's token.</summary>
    public static void Forget(ulong token)
    {
        if (token != 0) s_watched.TryRemove(token, out _);
    }

    void Run()
    {
        var ready = new ReadyDescriptor[EventPoll.MaxBatch];
        while (true)
        {
            var count = _poll.Wait(ready, timeout: -1);
            foreach (var descriptor in ready.AsSpan(0, count)) Notice(descriptor.Data);
        }
    }

    static void Notice(ulong token)
    {
        // Whoever reads comes to the end by itself; where nobody does, what the host said last is read here.
        const ulong NoWatch = 0;
        if (s_watched.TryRemove(token, out var watched) && watched.TryGetTarget(out var connection)) connection.ReadReady(NoWatch);
    }
}

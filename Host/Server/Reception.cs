using DmaHeap.Linux;
using DmaHeap.Protocol;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Server;

/// <summary>
/// Lets clients in: asks the kernel who they are, enters them into the table and the event set, and turns away whom there is no room for, with the reason. Any worker may call it,
/// several at once.
/// </summary>
internal sealed class Reception(ListeningSocket listener, EventPoll poll, ConnectionTable connections, ILogger log)
{
    /// <summary>Under which the event set reports the listener; connections count from 1.</summary>
    public const ulong ListenerKey = 0;

    private const ReadyEvents Interest = ReadyEvents.Readable | ReadyEvents.EdgeTriggered;

    private ulong _lastKey = ListenerKey;
    private volatile bool _closed, _acceptLater;

    /// <summary>Has the event set report whoever waits to be let in.</summary>
    public void Open() => poll.Add(listener.Handle, Interest, ListenerKey);

    /// <summary>Lets nobody in any more, and takes the socket's name away. A worker may still be at it with one.</summary>
    public void Close()
    {
        _closed = true;
        listener.Hide();
    }

    /// <summary>A connection was closed, and with it a descriptor: if somebody waits for one, it is time to look again.</summary>
    public void ConnectionClosed()
    {
        if (!_acceptLater) return;
        _acceptLater = false;
        poll.TryModify(listener.Handle, Interest, ListenerKey);
    }

    /// <summary>Lets in everybody who waits. Never throws.</summary>
    public void AcceptAll()
    {
        try
        {
            Accept();
        }
        catch (Exception exception)
        {
            HostLog.AcceptFailed(log, exception.Message);
        }
    }

    private void Accept()
    {
        while (!_closed)
        {
            var errno = listener.TryAccept(out var socket);
            if (errno == Errno.EAGAIN) return;
            if (errno is Errno.EMFILE or Errno.ENFILE)
            {
                // accept asks for a descriptor before it looks whether anybody waits, so this says nothing of that.
                if (!listener.TryTurnAway(TurnedAway("the host has no descriptor left; try again later")))
                {
                    _acceptLater = true;
                    return;
                }

                HostLog.AcceptFailed(log, "the host has no descriptor left (RLIMIT_NOFILE)");
                continue;
            }

            if (errno == Errno.ECONNABORTED) continue;
            if (errno != Errno.None)
            {
                if (!_closed) HostLog.AcceptFailed(log, errno.ToString());
                return;
            }

            Welcome(socket);
        }
    }

    private void Welcome(SafeFileHandle socket)
    {
        Connection? connection = null;
        try
        {
            connection = new Connection(Interlocked.Increment(ref _lastKey), socket, PeerIdentity.Of(socket));
            if (!connections.TryAdd(connection))
            {
                TurnAway(connection, $"user {connection.Caller.UserId} has as many connections as one user may");
                return;
            }

            poll.Add(socket, Connection.Interest, connection.Key);
            HostLog.ClientConnected(log, connection.Caller.UserId, connection.Caller.ProcessId, connection.Key);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            if (connection is not null) connections.TryRemove(connection);
            TurnAway(connection ?? new Connection(0, socket, Caller.Unknown), exception.Message);
        }
    }

    private void TurnAway(Connection connection, string reason)
    {
        HostLog.AcceptFailed(log, reason);
        FarewellMessage.Send(connection.Socket, TurnedAway(reason));
        connection.TryClose();
    }

    private static byte[] TurnedAway(string sentence)
    {
        var reply = Replies.Error(0, (int)Errno.EMFILE, HeapCause.NoDescriptors, sentence, ErrorFlags.Fatal);
        return MessageCodec.Bytes(in reply).ToArray();
    }
}

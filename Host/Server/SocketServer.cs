using DmaHeap.Linux;
using DmaHeap.Protocol;
using Microsoft.Extensions.Logging;

namespace DmaHeap.Hosting.Server;

/// <summary>
/// The door: a Unix socket, the workers behind it, and the clients they serve. An idle client costs an object and a descriptor, no thread.
/// </summary>
internal sealed class SocketServer : IDisposable
{
    private const int Fairness = 16;
    private const int MostUndeliveredPerConnection = 1024, MostUndeliveredPerUser = 4096;

    private readonly HostCore _core;
    private readonly ILogger _log;
    private readonly ISocketPlace _place;
    private readonly ListeningSocket _listener;
    private readonly EventPoll _poll;
    private readonly ConnectionTable _connections;
    private readonly UndeliveredCap _cap;
    private readonly RequestHandler _handler;
    private readonly Reception _reception;
    private readonly SpinRule _spin;
    private readonly WorkerPool _workers;

    /// <param name="core">What is served.</param>
    /// <param name="place">Where; the server gives it up when it is disposed.</param>
    /// <param name="log">The host's log.</param>
    public SocketServer(HostCore core, ISocketPlace place, ILogger log)
    {
        _core = core;
        _log = log;
        var descriptors = (int)Math.Min(1 << 20, ResourceLimits.Get(LimitedResource.OpenFiles).Soft);
        _connections = new ConnectionTable(perUser: descriptors / 4);
        // The kernel bounds the descriptors in flight of a user without CAP_SYS_RESOURCE by that same limit; a quarter is left for others.
        _cap = new UndeliveredCap(MostUndeliveredPerConnection, MostUndeliveredPerUser, Math.Max(ProtocolConstants.MaxDescriptors, descriptors / 4 * 3), _connections);
        _handler = new RequestHandler(core, _cap);
        _spin = core.Spin;
        _place = place;
        _listener = new ListeningSocket(place, SocketModeFor(core.Registry));
        try
        {
            _poll = new EventPoll();
            _reception = new Reception(_listener, _poll, _connections, log);
            _reception.Open();
            _workers = new WorkerPool(_poll, Serve, core.Time, log);
            core.OpWatch.ThreadLost += _workers.Replace;
        }
        catch
        {
            _poll?.Dispose();
            _listener.Dispose();
            throw;
        }

        core.HeapsChanged += FollowAccess;
        HostLog.Listening(log, place.Path, core.Registry.Slots.Count);
    }

    public int Connections => _connections.Count;

    /// <summary>The threads behind the door.</summary>
    public WorkerPool Workers => _workers;

    /// <summary>Stops accepting, closes all connections, which withdraws what is under way on them, and waits for the workers, unless a heap holds one.</summary>
    public void Dispose()
    {
        _core.HeapsChanged -= FollowAccess;
        _reception.Close();
        CloseAll();
        var idle = _workers.TryStop();
        _core.OpWatch.ThreadLost -= _workers.Replace;
        CloseAll(); // who was let in by a worker that was at it
        _listener.Dispose();
        _place.Dispose();
        if (idle) _poll.Dispose();
    }

    private void CloseAll()
    {
        var reply = Replies.Error(0, (int)Errno.EIO, HeapCause.Stopping, "the host is stopping", ErrorFlags.Fatal);
        foreach (var connection in _connections.All)
        {
            connection.Send(MessageCodec.Bytes(in reply), []);
            Close(connection);
        }
    }

    private void FollowAccess()
    {
        try
        {
            _place.ChangeMode(SocketModeFor(_core.Registry));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            HostLog.AcceptFailed(_log, exception.Message);
        }
    }

    // Whoever may use any heap must get in; who they are is checked for each heap.
    private static UnixFileMode SocketModeFor(Heaps.HeapRegistry registry)
    {
        const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        const UnixFileMode Everybody = Owner | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        var us = ProcessIdentity.EffectiveUserId;
        return registry.Slots.Any(slot => slot.Access.UserId != us || (slot.Access.Mode & 0b000_100_100) != 0) ? Everybody : Owner;
    }

    private void Serve(ReadyDescriptor ready, WorkerScratch scratch)
    {
        if (ready.Data == Reception.ListenerKey) _reception.AcceptAll();
        else if (_connections.TryFind(ready.Data, out var connection) && connection.TryEnter()) Serve(connection, ready.Events, scratch);
    }

    private void Serve(Connection connection, ReadyEvents events, WorkerScratch scratch)
    {
        scratch.Begin(connection);
        _spin.Came();
        try
        {
            if ((events & ReadyEvents.Writable) == 0 || connection.TryFlush()) Converse(connection, scratch);
            else Close(connection);
        }
        catch (ProtocolFaultException fault)
        {
            Dismiss(connection, (int)Errno.EPROTO, fault.Message);
        }
        catch (Exception exception)
        {
            HostLog.RequestFailed(_log, connection.Caller.UserId, connection.Caller.ProcessId, connection.Key, exception);
            Dismiss(connection, (int)Errno.EIO, "the host failed; see its log");
        }
        finally
        {
            _spin.Left();
            scratch.End();
            connection.Leave();
        }
    }

    private void Converse(Connection connection, WorkerScratch scratch)
    {
        // The client is to read before it is listened to again; the event set tells when it did.
        for (var served = 0; !connection.HasUnsent && !scratch.IsGivenUp && (served < Fairness || _spin.HasRoom); served++)
        {
            scratch.Next();
            connection.BeginReading();
            try
            {
                var errno = TryReceive(connection, scratch, isFirst: served == 0, out var length, out var truncated);
                if (errno == Errno.EAGAIN) break;
                if (errno != Errno.None || (length == 0 && scratch.Descriptors.Count == 0))
                {
                    connection.EndReading(); // what the client left is undone, by its heaps
                    Close(connection);
                    return;
                }

                if (truncated) throw new ProtocolFaultException($"a message is longer than {ProtocolConstants.MaxMessageBytes} bytes");
                _handler.Handle(connection, scratch.Packet.AsSpan(0, length), scratch);
            }
            finally
            {
                connection.EndReading();
            }
        }

        // Nothing more is there, or others are to have their turn: arming it anew puts this connection at the end of the queue.
        connection.Arm(_poll);
    }

    // After an answer the next request is looked for only where that has paid, and for as long: the event set tells of it otherwise, at no call more.
    private Errno TryReceive(Connection connection, WorkerScratch scratch, bool isFirst, out int length, out bool truncated)
    {
        if (isFirst) return Receive(connection, scratch, out length, out truncated);
        (length, truncated) = (0, false);
        var rhythm = connection.Rhythm;
        var errno = Errno.EAGAIN;
        if (_spin.TryBegin(rhythm, out var spin))
        {
            do errno = Receive(connection, scratch, out length, out truncated);
            while (errno == Errno.EAGAIN && spin.GoesOn);
            spin.End(errno != Errno.EAGAIN);
        }
        else if (rhythm.IsWorthALook)
        {
            errno = Receive(connection, scratch, out length, out truncated);
            rhythm.Looked(errno != Errno.EAGAIN);
        }

        return errno;
    }

    private static Errno Receive(Connection connection, WorkerScratch scratch, out int length, out bool truncated) =>
        SocketMessages.TryReceive(connection.Socket, scratch.Packet, scratch.Descriptors, out length, out truncated, MessageFlags.DontWait);

    // Tells a client why, and closes.
    private void Dismiss(Connection connection, int errno, string sentence)
    {
        HostLog.ClientDisconnected(_log, connection.Caller.UserId, connection.Caller.ProcessId, sentence);
        var reply = Replies.Error(0, errno, HeapCause.BadRequest, sentence, ErrorFlags.Fatal);
        connection.Send(MessageCodec.Bytes(in reply), []);
        FarewellMessage.HangUp(connection.Socket);
        Close(connection);
    }

    private void Close(Connection connection)
    {
        if (!_connections.TryRemove(connection)) return;
        _poll.TryRemove(connection.Socket);
        if (!connection.TryClose()) return;
        _cap.ConnectionClosed(connection);
        connection.CloseImporter();
        _reception.ConnectionClosed();
    }
}

namespace DmaHeap.Hosting.Server;

/// <summary>
/// Bounds the descriptors that were sent and not read yet, for each connection, for each user, and in all: unread ones count against the host's own limit in the kernel, so a client
/// that does not read could starve everybody. What a client has read is asked of the kernel only when a count reaches its bound.
/// </summary>
internal sealed class UndeliveredCap(int perConnection, int perUser, int total, ConnectionTable connections)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<uint, int> _users = [];
    private int _total;

    /// <summary>Counts descriptors about to be sent.</summary>
    /// <param name="connection">To whom.</param>
    /// <param name="count">How many.</param>
    /// <exception cref="HeapException">EBUSY: the client is to read first.</exception>
    public void Reserve(Connection connection, int count)
    {
        if (TryReserve(connection, count)) return;
        Settle(connection);
        if (TryReserve(connection, count)) return;
        foreach (var other in connections.All) Settle(other);
        if (TryReserve(connection, count)) return;
        throw new HeapException(HeapErrno.Busy, HeapCause.UndeliveredLimit,
            $"{connection.Undelivered} descriptors sent on this connection, or more on others of this user, were not read yet (at most {perConnection} and {perUser}): read them first");
    }

    /// <summary>Takes back a count whose descriptors were not sent, or were read.</summary>
    public void Return(Connection connection, int count)
    {
        lock (_lock) Take(connection, count);
    }

    /// <summary>Takes back all of a connection that is closed; it is not counted from now on.</summary>
    public void ConnectionClosed(Connection connection)
    {
        lock (_lock)
        {
            Take(connection, connection.Undelivered);
            connection.IsUncounted = true;
        }
    }

    private bool TryReserve(Connection connection, int count)
    {
        lock (_lock)
        {
            if (connection.IsUncounted) return true; // its worker finds nobody to send to
            var user = _users.GetValueOrDefault(connection.Caller.UserId);
            if (connection.Undelivered > perConnection - count || user > perUser - count || _total > total - count) return false;
            connection.Undelivered += count;
            _users[connection.Caller.UserId] = user + count;
            _total += count;
            return true;
        }
    }

    private void Take(Connection connection, int count)
    {
        if (connection.IsUncounted || count == 0) return;
        connection.Undelivered -= count;
        _total -= count;
        var user = _users[connection.Caller.UserId] - count;
        if (user == 0) _users.Remove(connection.Caller.UserId);
        else _users[connection.Caller.UserId] = user;
    }

    private void Settle(Connection connection)
    {
        if (!connection.TryEnter()) return;
        try
        {
            Return(connection, connection.TakeRead());
        }
        finally
        {
            connection.Leave();
        }
    }
}

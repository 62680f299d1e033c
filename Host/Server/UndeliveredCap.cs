using System.Collections.Concurrent;
using DmaHeap.Linux;

namespace DmaHeap.Hosting.Server;

/// <summary>
/// Bounds the descriptors that were sent and not read yet, for each connection, for each user, and in all: unread ones count against the host's own limit in the kernel, so a client
/// that does not read could starve everybody. Whether a client has read is asked of the kernel only when a count reaches its bound.
/// </summary>
internal sealed class UndeliveredCap(int perConnection, int perUser, int total, ConnectionTable connections)
{
    private readonly ConcurrentDictionary<uint, int> _users = new();
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
            $"{Volatile.Read(ref connection.Undelivered)} descriptors sent on this connection, or more on others of this user, were not read yet (at most {perConnection} and {perUser}): read them first");
    }

    /// <summary>Takes back a count whose descriptors were not sent, or whose connection is closed.</summary>
    public void Return(Connection connection, int count)
    {
        if (count == 0) return;
        Interlocked.Add(ref connection.Undelivered, -count);
        _users.AddOrUpdate(connection.Caller.UserId, 0, (_, held) => held - count);
        Interlocked.Add(ref _total, -count);
    }

    public void ConnectionClosed(Connection connection) => Return(connection, Volatile.Read(ref connection.Undelivered));

    private bool TryReserve(Connection connection, int count)
    {
        var mine = Interlocked.Add(ref connection.Undelivered, count);
        var users = _users.AddOrUpdate(connection.Caller.UserId, count, (_, held) => held + count);
        var everybodys = Interlocked.Add(ref _total, count);
        if (mine <= perConnection && users <= perUser && everybodys <= total) return true;
        Return(connection, count);
        return false;
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

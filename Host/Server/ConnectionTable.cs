using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace DmaHeap.Hosting.Server;

/// <summary>The connections of a host. One user may have only so many: each costs a descriptor, which others need too. Root is not bounded.</summary>
internal sealed class ConnectionTable(int perUser)
{
    private readonly ConcurrentDictionary<ulong, Connection> _byKey = new();
    private readonly ConcurrentDictionary<uint, int> _users = new();

    public int Count => _byKey.Count;

    /// <summary>All connections at this moment.</summary>
    public ICollection<Connection> All => _byKey.Values;

    /// <summary>False when the user has as many as it may.</summary>
    public bool TryAdd(Connection connection)
    {
        var user = connection.Caller.UserId;
        if (_users.AddOrUpdate(user, 1, static (_, count) => count + 1) > perUser && user != 0)
        {
            _users.AddOrUpdate(user, 0, static (_, count) => count - 1);
            return false;
        }

        _byKey[connection.Key] = connection;
        return true;
    }

    public bool TryFind(ulong key, [NotNullWhen(true)] out Connection? connection) => _byKey.TryGetValue(key, out connection);

    /// <summary>True for the one call that removed it.</summary>
    public bool TryRemove(Connection connection)
    {
        if (!_byKey.TryRemove(connection.Key, out _)) return false;
        _users.AddOrUpdate(connection.Caller.UserId, 0, static (_, count) => count - 1);
        return true;
    }
}

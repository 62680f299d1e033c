using System.Runtime.CompilerServices;
using DmaHeap.Protocol;

namespace DmaHeap.Hosting.Importers;

/// <summary>Each attachment and each vmap keeps a descriptor in the host, so there may be only so many, of one user and in all. Thread-safe.</summary>
internal sealed class ImportLimits(int perUser, int total)
{
    /// <summary>As many segments as one message holds.</summary>
    public static readonly int MostSegments = (ProtocolConstants.MaxMessageBytes - Unsafe.SizeOf<MapReply>()) / Unsafe.SizeOf<SegmentEntry>();

    private readonly Lock _lock = new();
    private readonly Dictionary<uint, int> _users = [];
    private int _total;

    /// <summary>How many there are.</summary>
    public int Held
    {
        get
        {
            lock (_lock) return _total;
        }
    }

    /// <exception cref="HeapException">EMFILE: there are as many as may be.</exception>
    public void Take(uint userId)
    {
        lock (_lock)
        {
            var held = _users.GetValueOrDefault(userId);
            if (held >= perUser || _total >= total)
            {
                throw new HeapException(HeapErrno.TooManyOpenFiles, HeapCause.NoDescriptors,
                    $"user {userId} has {held} attachments of {_total} in all, and the host keeps a descriptor for each: at most {perUser} and {total} can be");
            }

            _users[userId] = held + 1;
            _total++;
        }
    }

    public void Return(uint userId)
    {
        lock (_lock)
        {
            _total--;
            if (--_users[userId] is var left && left == 0) _users.Remove(userId);
            else _users[userId] = left;
        }
    }
}

using DmaHeap.Linux;

namespace DmaHeap.Hosting.Memory;

/// <summary>
/// How much memory may still be committed: the machine's available memory or what the host's cgroup has left, whichever is less.
/// Looked at before memory is taken, because the kernel answers a commit past a cgroup's limit with a kill, not with an error.
/// </summary>
/// <param name="groups">The control groups; null for this process's own.</param>
internal sealed class Headroom(ControlGroups? groups = null)
{
    private readonly ControlGroups _groups = groups ?? new();

    /// <summary>Bytes the host could ever have: RAM, or its cgroup's limit if that is less.</summary>
    public long Total()
    {
        var machine = MachineMemory.Read().Total;
        return _groups.ReadMemory()?.Limit is { } limit ? Math.Min(machine, limit) : machine;
    }

    /// <summary>Bytes that can be committed now.</summary>
    public long Available()
    {
        var machine = MachineMemory.Read().Available;
        return _groups.ReadMemory()?.Available is { } left ? Math.Min(machine, left) : machine;
    }

    /// <summary>The machine, and each control group of the host's with a limit, with what it has and has left.</summary>
    public IReadOnlyList<MemoryRoom> Rooms()
    {
        var machine = MachineMemory.Read();
        return [new MemoryRoom("the machine", machine.Total, machine.Available), .. _groups.ReadRooms().Select(group => new MemoryRoom($"control group {group.Path}", group.Limit, group.Left))];
    }

    public void ThrowIfLess(long bytes)
    {
        var available = Available();
        if (bytes <= available) return;
        throw new HeapException(HeapErrno.NoMemory, HeapCause.NoHeadroom,
            $"{new ByteSize(bytes).ToText()} cannot be committed: {new ByteSize(available).ToText()} is left on this machine or in the host's cgroup");
    }
}

/// <summary>Somebody whose memory ends somewhere.</summary>
/// <param name="Name">Who, for people.</param>
/// <param name="Limit">Bytes it may use.</param>
/// <param name="Left">Bytes of that it can still take.</param>
internal readonly record struct MemoryRoom(string Name, long Limit, long Left);

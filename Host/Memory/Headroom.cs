using DmaHeap.Linux;

namespace DmaHeap.Hosting.Memory;

/// <summary>
/// How much memory may still be committed: the machine's available memory or what the host's cgroup has left, whichever is less.
/// Looked at before memory is taken, because the kernel answers a commit past a cgroup's limit with a kill, not with an error.
/// </summary>
internal sealed class Headroom
{
    private readonly ControlGroups _groups = new();

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

    public void ThrowIfLess(long bytes)
    {
        var available = Available();
        if (bytes <= available) return;
        throw new HeapException(HeapErrno.NoMemory, HeapCause.NoHeadroom,
            $"{new ByteSize(bytes).ToText()} cannot be committed: {new ByteSize(available).ToText()} is left on this machine or in the host's cgroup");
    }
}

namespace DmaHeap.Hosting;

/// <summary>
/// Who may use a heap, by owner, group and mode as on a device node: the class a caller falls in (owner, else group, else others) needs its read bit. Root always may.
/// Supplementary groups count. Immutable.
/// </summary>
/// <param name="Mode">Permission bits, for instance 0660 (octal).</param>
/// <param name="UserId">Owner.</param>
/// <param name="GroupId">Group.</param>
public sealed record AccessRule(int Mode, uint UserId, uint GroupId)
{
    /// <summary>Whether a caller may allocate from the heap.</summary>
    /// <param name="caller">Who asks.</param>
    public bool Allows(Caller caller)
    {
        ArgumentNullException.ThrowIfNull(caller);
        if (caller.UserId == 0) return true;
        if (caller.UserId == UserId) return (Mode & 0b100_000_000) != 0;
        if (caller.IsInGroup(GroupId)) return (Mode & 0b000_100_000) != 0;
        return (Mode & 0b000_000_100) != 0;
    }
}

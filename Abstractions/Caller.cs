namespace DmaHeap;

/// <summary>
/// The process on whose behalf a heap is called, taken from its socket when it connected (SO_PEERCRED, SO_PEERGROUPS).
/// Immutable. Ids are those seen from the host's namespaces.
/// </summary>
/// <param name="UserId">Effective user id.</param>
/// <param name="GroupId">Effective group id.</param>
/// <param name="ProcessId">Process id; 0 when the process cannot be seen from the host's pid namespace.</param>
/// <param name="SupplementaryGroups">Supplementary group ids, possibly empty.</param>
/// <param name="ControlGroup">Path of its memory cgroup, or empty when unknown.</param>
public sealed record Caller(
    uint UserId,
    uint GroupId,
    int ProcessId,
    IReadOnlyList<uint> SupplementaryGroups,
    string ControlGroup)
{
    /// <summary>Nobody in particular: user and group 65534 (nobody), no process.</summary>
    public static Caller Unknown { get; } = new(65534, 65534, 0, [], "");

    /// <summary>True when <paramref name="groupId"/> is the caller's group or one of its supplementary groups.</summary>
    /// <param name="groupId">The group id asked about.</param>
    public bool IsInGroup(uint groupId) => GroupId == groupId || SupplementaryGroups.Contains(groupId);
}

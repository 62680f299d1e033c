namespace DmaHeap.KernelAbi;

/// <summary>The process that made a call, as the kernel shows it to the supervisor. Immutable, so one object serves all calls of a process that keeps its ids.</summary>
/// <param name="ProcessId">Process id, in the supervisor's pid namespace.</param>
/// <param name="UserId">Effective user id.</param>
/// <param name="GroupId">Effective group id.</param>
/// <param name="SupplementaryGroups">Supplementary group ids, possibly empty.</param>
public sealed record CallerIdentity(int ProcessId, uint UserId, uint GroupId, IReadOnlyList<uint> SupplementaryGroups);

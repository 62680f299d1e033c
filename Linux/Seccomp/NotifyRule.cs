namespace DmaHeap.Linux;

/// <summary>A call that a supervisor wants to hear of.</summary>
/// <param name="Architecture">By which convention it is made.</param>
/// <param name="Number">Its number there.</param>
/// <param name="OnlyHeapIoctls">Whether the number is ioctl's, of which only the commands of the filter's types are told.</param>
public readonly record struct NotifyRule(AuditArchitecture Architecture, int Number, bool OnlyHeapIoctls);

namespace DmaHeap;

/// <summary>
/// Says that a heap type takes no pages of the host's (<see cref="IHeapMemoryService.AllocatePages"/>, <see cref="IHeapMemoryService.AllocateBuffer"/>): its memory is secret, a region's or a device's. What a configuration says of
/// the heap's pages would mean nothing then, and the host refuses it.
/// </summary>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class TakesNoPagesAttribute : Attribute;

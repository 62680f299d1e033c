namespace DmaHeap;

/// <summary>Which descriptor a client gets when a buffer is exported.</summary>
public enum MmapPolicy
{
    /// <summary>The memory's own descriptor, in the access mode asked for: clients may map it.</summary>
    Allowed = 0,

    /// <summary>A descriptor that stands for the buffer and cannot be mapped, read or written. Only importers see memory.</summary>
    Refused = 1,
}

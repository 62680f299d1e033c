namespace DmaHeap;

/// <summary>What an importer needs of the CPU's cache.</summary>
public enum ImporterCaching
{
    /// <summary>It does not matter.</summary>
    Any = 0,

    /// <summary>It needs memory that the CPU may cache, as all memory of the host's memory service is.</summary>
    Cached = 1,

    /// <summary>It needs memory that no cache stands before. Only a heap that brings such memory, or simulates it, accepts this.</summary>
    Uncached = 2,
}

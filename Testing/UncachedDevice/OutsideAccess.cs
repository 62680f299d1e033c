namespace DmaHeap.Testing;

/// <summary>What programs find in a buffer of an <see cref="UncachedDevice"/> outside of CPU access.</summary>
public enum OutsideAccess
{
    /// <summary>
    /// What was there when the last access ended, as in a cache that nobody invalidated. Who reads it is found in the page tables of the processes that still have it mapped
    /// when it is noticed: exactly who, but not those who have unmapped it or exited by then.
    /// </summary>
    StaleData = 0,

    /// <summary>Zeros. Who read them left a page behind, also when it has exited since; who that was, of those that have the buffer mapped, is not known.</summary>
    Nothing = 1,
}

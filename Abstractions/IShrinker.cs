namespace DmaHeap;

/// <summary>
/// A heap that keeps memory it could give back (a pool, a cache) implements this beside <see cref="IHeap"/>; the names are those of the
/// kernel's shrinker. Called from any thread, also while an allocation of the same heap runs, and never from within one.
/// </summary>
public interface IShrinker
{
    /// <summary>Bytes that <see cref="Scan"/> could give back now. An estimate; cheap.</summary>
    long Count();

    /// <summary>Gives memory back to the system.</summary>
    /// <param name="bytes">How many bytes are wanted; positive.</param>
    /// <returns>How many bytes were given back, in truth: the host checks. More than asked for is fine.</returns>
    long Scan(long bytes);
}

namespace DmaHeap.Hosting.Reclaim;

/// <summary>Something of the host's that holds memory it can do without. Thread-safe; nothing of a plugin is called by it.</summary>
internal interface IReclaimable
{
    /// <summary>For people: what it is, and of which heap.</summary>
    string Name { get; }

    /// <summary>The heap that it lies ready for; null where it is for any.</summary>
    string? Heap => null;

    /// <summary>Whether some of it may be in huge pages.</summary>
    bool HasHugePages => false;

    /// <summary>Bytes it could give back now. An estimate, never negative.</summary>
    long Count();

    /// <summary>Gives memory back, and takes no more for a while.</summary>
    /// <param name="bytes">How much is wanted; positive.</param>
    /// <returns>Bytes given back: less where there is less, a little more where it comes in pieces.</returns>
    long Scan(long bytes);
}

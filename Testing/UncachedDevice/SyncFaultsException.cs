namespace DmaHeap.Testing;

/// <summary>Programs touched buffers of an <see cref="UncachedDevice"/> without saying so.</summary>
public sealed class SyncFaultsException : Exception
{
    internal SyncFaultsException(IReadOnlyList<SyncFault> faults)
        : base(string.Join('\n', faults)) => Faults = faults;

    /// <summary>What they skipped, in the order in which it was noticed.</summary>
    public IReadOnlyList<SyncFault> Faults { get; }
}

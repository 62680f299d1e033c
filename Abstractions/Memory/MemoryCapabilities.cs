namespace DmaHeap;

/// <summary>What the machine can give, as the host found it by trying. Immutable.</summary>
public sealed record MemoryCapabilities
{
    /// <summary>The machine's page size in bytes.</summary>
    public required long PageSize { get; init; }

    /// <summary>Pools of huge pages that exist here, by ascending page size. A pool may be empty.</summary>
    public required IReadOnlyList<HugePagePool> HugePages { get; init; }

    /// <summary>True when the kernel has secret memory and lets this process have it.</summary>
    public required bool SecretMemory { get; init; }

    /// <summary>Why there is no secret memory; empty when there is.</summary>
    public string SecretMemoryReason { get; init; } = "";
}

/// <summary>One pool of huge pages.</summary>
/// <param name="PageSize">Size of a page in bytes.</param>
/// <param name="Total">Pages in the pool, used or not.</param>
/// <param name="Free">Pages free when the host started.</param>
public readonly record struct HugePagePool(long PageSize, long Total, long Free);

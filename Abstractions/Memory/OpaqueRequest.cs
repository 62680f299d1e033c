namespace DmaHeap;

/// <summary>What a heap asks of the memory service for an opaque buffer. Construct it with an object initializer; members may be added.</summary>
public readonly struct OpaqueRequest
{
    /// <summary>A request; <see cref="Length"/> is to be set.</summary>
    public OpaqueRequest()
    {
    }

    /// <summary>Bytes the descriptor reports; positive. Rounded up to whole pages.</summary>
    public required long Length { get; init; }

    /// <summary>What stands behind the descriptor.</summary>
    public OpaqueBacking Backing { get; init; }
}

/// <summary>What stands behind an opaque descriptor.</summary>
public enum OpaqueBacking
{
    /// <summary>Nothing: memory comes later, or never.</summary>
    Nothing = 0,

    /// <summary>Secret memory (<c>memfd_secret(2)</c>): pages that the kernel itself does not map. Never reused for another buffer.</summary>
    Secret = 1,
}

namespace DmaHeap;

/// <summary>An importer asks to attach. Construct it with an object initializer; members may be added.</summary>
public readonly struct AttachRequest
{
    /// <summary>A request of nobody in particular.</summary>
    public AttachRequest()
    {
    }

    /// <summary>The importing process.</summary>
    public Caller Importer { get; init; } = Caller.Unknown;

    /// <summary>What the importer can take.</summary>
    public AttachConstraints Constraints { get; init; } = AttachConstraints.None;

    /// <summary>Which way it will move data.</summary>
    public DataDirection Direction { get; init; }
}

namespace DmaHeap;

/// <summary>One begin or end of CPU access. Construct it with an object initializer; members may be added.</summary>
public readonly struct CpuAccess
{
    /// <summary>Access by nobody in particular; <see cref="Direction"/> is to be set.</summary>
    public CpuAccess()
    {
    }

    /// <summary>Reading is <see cref="DataDirection.FromDevice"/>, writing <see cref="DataDirection.ToDevice"/>, both <see cref="DataDirection.Bidirectional"/>, as DMA_BUF_IOCTL_SYNC has it.</summary>
    public required DataDirection Direction { get; init; }

    /// <summary>Who touches the buffer.</summary>
    public Caller Caller { get; init; } = Caller.Unknown;
}

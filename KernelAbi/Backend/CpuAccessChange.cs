namespace DmaHeap.KernelAbi;

/// <summary>The flags of DMA_BUF_IOCTL_SYNC, valid ones only: what the CPU does, and whether that begins or ends.</summary>
[Flags]
public enum CpuAccessChange
{
    /// <summary>DMA_BUF_SYNC_READ: it reads.</summary>
    Read = 1,

    /// <summary>DMA_BUF_SYNC_WRITE: it writes.</summary>
    Write = 2,

    /// <summary>DMA_BUF_SYNC_END: the access ends; without this it begins.</summary>
    End = 4,
}

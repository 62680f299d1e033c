namespace DmaHeap.Hosting.Server;

/// <summary>The flags of DMA_BUF_IOCTL_SYNC, as the kernel reads them.</summary>
internal static class CpuAccessFlags
{
    private const ulong Read = 1, Write = 2, End = 4;

    public static bool TryRead(ulong flags, out DataDirection direction, out bool isEnd)
    {
        isEnd = (flags & End) != 0;
        direction = (flags & (Read | Write)) switch
        {
            Read => DataDirection.FromDevice,
            Write => DataDirection.ToDevice,
            _ => DataDirection.Bidirectional,
        };
        return (flags & ~(Read | Write | End)) == 0 && (flags & (Read | Write)) != 0;
    }
}

namespace DmaHeap.KernelAbi.Calls;

/// <summary>The flags of DMA_BUF_IOCTL_SYNC and of the sync file ioctls.</summary>
internal static class SyncFlags
{
    public const ulong Read = 1, Write = 2, End = 4;
    public const ulong Both = Read | Write;

    /// <summary>SYNC: no unknown bit, and READ or WRITE or both.</summary>
    public static bool AreValidForSync(ulong flags) => (flags & ~(Both | End)) == 0 && (flags & Both) != 0;

    /// <summary>EXPORT_SYNC_FILE and IMPORT_SYNC_FILE: READ or WRITE or both, and nothing else.</summary>
    public static bool AreValidForSyncFile(uint flags) => (flags & ~Both) == 0 && flags != 0;
}

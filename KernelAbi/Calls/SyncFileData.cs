using System.Runtime.InteropServices;

namespace DmaHeap.KernelAbi.Calls;

/// <summary>struct dma_buf_export_sync_file, and dma_buf_import_sync_file, which is the same.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SyncFileData
{
    public const int Size = 8;

    /// <summary>Where <see cref="Descriptor"/> stands.</summary>
    public const int DescriptorOffset = 4;

    public uint Flags;
    public int Descriptor;
}

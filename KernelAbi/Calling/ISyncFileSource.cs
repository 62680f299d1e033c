using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.KernelAbi.Calling;

/// <summary>Makes sync files that have signalled already, as EXPORT_SYNC_FILE gives for a buffer without fences. Only the kernel can make one.</summary>
internal interface ISyncFileSource
{
    /// <summary>ENOTTY where this kernel gives nobody a sync file. The file is the taker's to dispose.</summary>
    Errno TryCreate(out SafeFileHandle? file);
}

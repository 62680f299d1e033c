using DmaHeap.KernelAbi.Calling;
using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.KernelAbi.Supervision;

/// <summary>A kernel without sync files.</summary>
internal sealed class NoSyncFiles : ISyncFileSource
{
    public Errno TryCreate(out SafeFileHandle? file)
    {
        file = null;
        return Errno.ENOTTY;
    }
}

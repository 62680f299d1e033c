using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.KernelAbi.Calling;

/// <summary>The process whose one ioctl is being answered, seen through that call. Used by one thread, until the answer is given.</summary>
internal interface ICaller : ICallerMemory, IDescriptorInstaller
{
    CallerIdentity Identity { get; }

    /// <summary>Whether the call is still waited for, so that what was seen of the process until now was this process.</summary>
    bool IsWaiting { get; }

    /// <summary>A duplicate of the descriptor the ioctl was made on; the taker's to dispose. EBADF where it was closed meanwhile, ESRCH where the process or its call is gone.</summary>
    Errno TakeTarget(out SafeFileHandle target);

    /// <summary>A duplicate of any of the process's descriptors; the taker's to dispose. Errors as of <see cref="TakeTarget"/>.</summary>
    Errno Take(int number, out SafeFileHandle file);

    /// <summary>What one of the process's descriptors is, as far as IMPORT_SYNC_FILE asks.</summary>
    SyncFileState InspectSyncFile(int number);
}

internal enum SyncFileState
{
    /// <summary>Closed, or another kind of file.</summary>
    NotOne,

    /// <summary>A sync file whose fences have all signalled.</summary>
    Signalled,

    /// <summary>A sync file that somebody may still wait for.</summary>
    Pending,
}

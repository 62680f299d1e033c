using System.Collections.Concurrent;
using DmaHeap.KernelAbi.Calling;
using DmaHeap.KernelAbi.Nodes;
using DmaHeap.Linux;

namespace DmaHeap.KernelAbi.Supervision;

/// <summary>Looks at callers' descriptors, and remembers for some callers where that is. Thread-safe.</summary>
internal sealed class CallerDescriptors
{
    private const int MostThreads = 128, MostOpen = 4096;
    private const UnixFileMode ReadOrWrite = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly ConcurrentDictionary<int, ThreadDescriptors> _threads = [];

    // Descriptors of buffers seen to be more than a place. That one is closed, and its number given to a place of the very same file, is forgiven.
    private readonly ConcurrentDictionary<(int Thread, int Descriptor, FileKey File), bool> _open = [];

    /// <returns>As <see cref="ThreadDescriptors.TryGetStatus"/>.</returns>
    public Errno TryGetStatus(int threadId, int descriptor, out FileStatus status)
    {
        // A thread that is gone has no descriptors: its number may be another's by now.
        if (_threads.TryGetValue(threadId, out var known) && known.TryGetStatus(descriptor, out status) == Errno.None) return Errno.None;
        var errno = ThreadDescriptors.TryOpen(threadId, out var thread);
        status = default;
        if (thread is null) return errno;
        if (_threads.Count >= MostThreads) _threads.Clear(); // not disposed here, as another thread may be looking
        _threads[threadId] = thread;
        return thread.TryGetStatus(descriptor, out status);
    }

    /// <summary>Whether a descriptor is one of O_PATH: not open at all, as far as ioctl and the like are concerned. Such a descriptor allows neither reading nor writing, which its link in
    /// /proc shows; mode 3 does neither.</summary>
    public bool IsPathOnly(int threadId, int descriptor, FileKey file, ICaller caller, bool remembers)
    {
        if (remembers && _open.ContainsKey((threadId, descriptor, file))) return false;
        if (LooksPathOnly(threadId, descriptor, caller)) return true;
        if (!remembers) return false;
        if (_open.Count >= MostOpen) _open.Clear();
        _open[(threadId, descriptor, file)] = true;
        return false;
    }

    private bool LooksPathOnly(int threadId, int descriptor, ICaller caller)
    {
        if (!_threads.TryGetValue(threadId, out var thread) || thread.TryGetLinkStatus(descriptor, out var link) != Errno.None) return false;
        if ((link.Permissions & ReadOrWrite) != 0) return false;
        var errno = caller.TakeTarget(out var taken);
        using (taken) return errno == Errno.None && PathStandIn.IsPathOnly(taken);
    }
}

using System.Collections.Concurrent;
using DmaHeap.KernelAbi.Calling;
using DmaHeap.KernelAbi.Nodes;
using DmaHeap.Linux;

namespace DmaHeap.KernelAbi.Supervision;

/// <summary>Looks at callers' descriptors, and remembers for some callers where that is. Thread-safe.</summary>
internal sealed class CallerDescriptors : IDisposable
{
    private const int MostOpen = 4096;
    private const UnixFileMode ReadOrWrite = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private static readonly Look s_file = static (ThreadDescriptors thread, int descriptor, out FileStatus status) => thread.TryGetStatus(descriptor, out status);
    private static readonly Look s_link = static (ThreadDescriptors thread, int descriptor, out FileStatus status) => thread.TryGetLinkStatus(descriptor, out status);

    private readonly ThreadCache _threads = new();

    // Descriptors of buffers seen to be more than a place. That one is closed, and its number given to a place of the very same file, is forgiven.
    private readonly ConcurrentDictionary<(int Thread, int Descriptor, FileKey File), bool> _open = [];

    /// <returns>As <see cref="ThreadDescriptors.TryGetStatus"/>.</returns>
    public Errno TryGetStatus(int threadId, int descriptor, out FileStatus status) => _threads.Look(threadId, descriptor, s_file, out status);

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

    public void Dispose() => _threads.Dispose();

    private bool LooksPathOnly(int threadId, int descriptor, ICaller caller)
    {
        if (_threads.Look(threadId, descriptor, s_link, out var link) != Errno.None) return false;
        if ((link.Permissions & ReadOrWrite) != 0) return false;
        var errno = caller.TakeTarget(out var taken);
        using (taken) return errno == Errno.None && PathStandIn.IsPathOnly(taken);
    }
}

using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using DmaHeap.Hosting.Buffers;
using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Lifetime;

/// <summary>
/// The kernel's watches of buffers' files, and which buffer each is of: inotify's IN_DELETE_SELF on the inode, which fires once when no descriptor, no SCM_RIGHTS copy in flight and no mapping
/// is left in any process. The host keeps no descriptor of a buffer for this, only the watch. Thread-safe.
/// </summary>
/// <param name="table">The live buffers.</param>
/// <param name="releaser">Told of those that are gone.</param>
internal sealed class BufferWatches(BufferTable table, Releaser releaser) : IDisposable
{
    private const Seals OursHave = Seals.Shrink | Seals.Grow | Seals.Seal;

    private readonly InotifyQueue _queue = new();
    private readonly OpaqueInodes _opaque = new();
    private readonly ReservedWatches _reserved = new();

    // A file that is not tracked is watched for a moment by whoever asks what it is; who adopts it is not to lose the watch to that.
    private readonly Lock _strangers = new();

    /// <summary>Watches the host has: of its buffers, and of memory made ready to be one.</summary>
    public int Count => table.Count + _reserved.Count;

    /// <summary>The inodes watched now, by their watch, as the kernel has them.</summary>
    public IReadOnlyDictionary<int, ulong> WatchedInodes() => _queue.ReadLiveWatches();

    /// <summary>Where the kernel reports; read by <see cref="ReleaseWatch"/> alone.</summary>
    public InotifyQueue Queue => _queue;

    /// <summary>Watches a buffer's file and enters the buffer into the table. Nobody else may have the file yet.</summary>
    /// <exception cref="HeapException">ENOSPC when the system's watches are used up.</exception>
    public void Track(BufferRecord record, in Memory.ShownFile shown)
    {
        record.IsOpaque = shown.IsOpaque;
        if (shown.Watch != 0)
        {
            Enter(record, shown.Watch);
            _reserved.Remove(record.Watch);
            return;
        }

        Enter(record, Watch(shown.File));
        if (shown.IsOpaque) _opaque.Add(shown.File, record.Watch);
    }

    /// <summary>Watches a file that is to be a buffer's later. Nobody else may have it yet.</summary>
    /// <exception cref="HeapException">ENOSPC when the system's watches are used up.</exception>
    /// <returns>The watch, which a buffer takes or <see cref="GiveUp"/> ends.</returns>
    public int Reserve(SafeHandle file)
    {
        var watch = Watch(file);
        _reserved.Add(watch);
        return watch;
    }

    /// <summary>Whether a watch is of a file that no buffer has yet.</summary>
    public bool IsReserved(int watch) => _reserved.Contains(watch);

    /// <summary>
    /// Ends a buffer while the caller has its file, as if its last reference were gone: it waits to be released from now on, and its watch is reserved for the next one. False when it had
    /// ended before.
    /// </summary>
    public bool TryKeep(BufferRecord record)
    {
        _reserved.Add(record.Watch);
        if (table.TryFind(record.Watch, out var found) && found == record && TryHandOver(record.Watch)) return true;
        _reserved.Remove(record.Watch);
        return false;
    }

    /// <summary>Ends a watch that no buffer took.</summary>
    public void GiveUp(int watch)
    {
        _reserved.Remove(watch);
        _queue.TryRemove(watch);
    }

    /// <summary>Takes a buffer out again whose export failed. False when the kernel's word came first.</summary>
    public bool TryWithdraw(BufferRecord record)
    {
        if (!table.TryRemove(record.Watch, out _)) return false;
        _opaque.Remove(record.Watch);
        _queue.TryRemove(record.Watch);
        return true;
    }

    /// <summary>Which buffer is this descriptor? Null when it is none of ours. Watching the same inode again yields the same watch.</summary>
    /// <param name="descriptor">Any descriptor.</param>
    /// <param name="isKept">Whether the caller may still have the buffer when it has closed the descriptor.</param>
    public BufferRecord? Identify(SafeHandle descriptor, bool isKept = true)
    {
        // Seals exist on memfds only, and asking for them never leaves the kernel: a file system in user space cannot make us wait here.
        if (FileSeals.TryGet(descriptor, out var seals) != Errno.None || (seals & OursHave) != OursHave) return null;
        var errno = _queue.TryWatch(descriptor, InotifyMask.DeleteSelf | InotifyMask.MaskAdd, out var watch);
        if (errno == Errno.EACCES) return _opaque.TryFind(descriptor, out watch) && TryFind(watch, out var opaque) ? opaque : null;
        if (errno != Errno.None) return null;
        if (TryFind(watch, out var record)) return record;
        lock (_strangers)
        {
            if (TryFind(watch, out record)) return record; // adopted meanwhile, under this very watch
            if (_reserved.Contains(watch)) throw NotYetABuffer();
            _queue.TryRemove(watch);
            return null;
        }

        bool TryFind(int watch, [NotNullWhen(true)] out BufferRecord? found) => isKept ? table.TryFind(watch, out found) : table.TryLookAt(watch, out found);
    }

    /// <summary>Watches a buffer whose file others have already. Where the file is a tracked buffer's, that is returned, and nothing done.</summary>
    /// <exception cref="HeapException">ENOSPC when the system's watches are used up.</exception>
    public BufferRecord? FindOrTrack(SafeFileHandle file, BufferRecord record)
    {
        lock (_strangers)
        {
            if (Identify(file) is { } known) return known;
            Enter(record, Watch(file));
            return null;
        }
    }

    /// <summary>The file of a watch is gone. Nobody is called.</summary>
    public void Ended(int watch)
    {
        if (table.TryLookAt(watch, out _) && TryHandOver(watch)) _opaque.Remove(watch);
        else _reserved.Remove(watch); // memory that a heap took and forgot
    }

    /// <summary>Ends all watches.</summary>
    public void Dispose() => _queue.Dispose();

    // Announced before it leaves the table: whoever counts sees it in one of the two. Enqueued after: what is released may be another buffer at once, and nobody is to find it as this one.
    private bool TryHandOver(int watch)
    {
        releaser.Announce();
        if (table.TryRemove(watch, out var record))
        {
            releaser.Enqueue(record);
            return true;
        }

        releaser.Retract();
        return false;
    }

    private void Enter(BufferRecord record, int watch)
    {
        record.Watch = watch;
        table.Add(record);
    }

    private int Watch(SafeHandle file)
    {
        var errno = _queue.TryWatch(file, InotifyMask.DeleteSelf, out var watch);
        if (errno == Errno.None) return watch;
        if (errno != Errno.ENOSPC) throw Memory.SystemRefusal.From(errno, "watching a buffer");
        throw new HeapException(HeapErrno.NoSpace, HeapCause.NoWatches,
            $"{table.Count} buffers are alive, the host has {Count} inotify watches, and the system gives its user no more (fs.inotify.max_user_watches is {InotifyLimits.Read().MaxUserWatches}): raise that, or have the host do so (server.raiseLimits)");
    }

    // Nobody was given it: whoever shows it took it out of the host itself, as root may.
    private static HeapException NotYetABuffer() => new(HeapErrno.Invalid, HeapCause.UnknownBuffer, "the descriptor shown is memory of this host that is no buffer yet");
}

using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Linux;

/// <summary>An inotify instance, which watches files by their descriptors and keeps no descriptor of them. Thread-safe.</summary>
public sealed unsafe partial class InotifyQueue : IDisposable
{
    internal const int CloseOnExec = 0x80000;
    internal const int NonBlock = 0x800;

    /// <summary>The least buffer <see cref="TryRead"/> takes, in bytes: a header and a name of 255 bytes.</summary>
    public const int MinBufferLength = InotifyHeader.Size + 256;

    readonly SafeFileHandle _queue;

    /// <summary>Makes a queue; reading it does not block.</summary>
    /// <exception cref="LinuxException">EMFILE: too many descriptors, or instances of this user (fs.inotify.max_user_instances).</exception>
    public InotifyQueue()
    {
        var fd = inotify_init1(CloseOnExec | NonBlock);
        ErrnoGuard.Of(fd).ThrowIfFailed("inotify_init1");
        _queue = new SafeFileHandle(fd, ownsHandle: true);
    }

    /// <summary>The queue's descriptor, readable when there are events. Owned by this object.</summary>
    public SafeFileHandle Handle => _queue;

    /// <summary>Watches the file behind a descriptor. The same file gives the same watch number.</summary>
    /// <param name="file">The file, which may be closed afterwards. The caller needs the right to read it, by its permission bits.</param>
    /// <param name="mask">What to report, and how to add.</param>
    /// <param name="watch">The watch number; on failure -1.</param>
    /// <returns>ENOSPC (fs.inotify.max_user_watches), ENOMEM, EACCES, EEXIST (with <see cref="InotifyMask.MaskCreate"/>).</returns>
    public Errno TryWatch(SafeHandle file, InotifyMask mask, out int watch)
    {
        using var queue = new BorrowedDescriptor(_queue);
        using var fd = new BorrowedDescriptor(file);
        Span<byte> path = stackalloc byte[CString.MaxDescriptorPath];
        CString.WriteDescriptorPath(fd.Number, path);
        fixed (byte* pointer = path) watch = inotify_add_watch(queue.Number, pointer, (uint)mask);
        return ErrnoGuard.Of(watch);
    }

    /// <summary>Ends a watch; <see cref="InotifyMask.Ignored"/> follows.</summary>
    /// <param name="watch">Its number.</param>
    /// <returns>EINVAL where there is no such watch (it ended by itself).</returns>
    public Errno TryRemove(int watch)
    {
        using var queue = new BorrowedDescriptor(_queue);
        return ErrnoGuard.Of(inotify_rm_watch(queue.Number, watch));
    }

    /// <summary>Reads as many waiting events as fit.</summary>
    /// <param name="buffer">At least <see cref="MinBufferLength"/> bytes.</param>
    /// <param name="length">How many bytes were read; walk them with <see cref="InotifyEvents"/>.</param>
    /// <returns>EAGAIN where none waits, EINVAL where the buffer is too short for the next.</returns>
    public Errno TryRead(Span<byte> buffer, out int length)
    {
        using var queue = new BorrowedDescriptor(_queue);
        nint result;
        Errno errno;
        fixed (byte* pointer = buffer)
        {
            do
            {
                result = read(queue.Number, pointer, (nuint)buffer.Length);
                errno = ErrnoGuard.Of(result);
            }
            while (errno == Errno.EINTR);
        }

        length = (int)Math.Max(0, result);
        return errno;
    }

    /// <summary>Adds the numbers of all live watches to a collection, from <c>/proc/self/fdinfo</c>: the way back after an overflow.</summary>
    /// <remarks>The kernel writes it in one go, at some 4 µs a watch; call it seldom.</remarks>
    /// <param name="watches">Where they are added.</param>
    /// <exception cref="IOException">/proc cannot be read.</exception>
    public void CopyLiveWatches(ICollection<int> watches)
    {
        ArgumentNullException.ThrowIfNull(watches);
        using var queue = new BorrowedDescriptor(_queue);
        using var stream = new FileStream(
            $"/proc/self/fdinfo/{queue.Number}", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        InotifyFdinfo.CopyWatches(stream, watches);
    }

    /// <summary>The inode numbers of all live watches, by their watch. For looking into what is left; <see cref="CopyLiveWatches"/> is the way for many.</summary>
    /// <exception cref="IOException">/proc cannot be read.</exception>
    public IReadOnlyDictionary<int, ulong> ReadLiveWatches()
    {
        using var queue = new BorrowedDescriptor(_queue);
        return File.ReadLines($"/proc/self/fdinfo/{queue.Number}").Select(InotifyFdinfo.ReadLine).OfType<(int Watch, ulong Inode)>()
            .ToDictionary(entry => entry.Watch, entry => entry.Inode);
    }

    /// <summary>Closes the queue and with it all watches.</summary>
    public void Dispose() => _queue.Dispose();

    [LibraryImport("libc", SetLastError = true)]
    private static partial int inotify_init1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int inotify_add_watch(int queue, byte* path, uint mask);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int inotify_rm_watch(int queue, int watch);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint read(int fd, byte* buffer, nuint length);
}

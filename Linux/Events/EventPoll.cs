using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Linux;

/// <summary>Waits on many descriptors at once: epoll. Thread-safe; several threads may wait.</summary>
public sealed unsafe partial class EventPoll : IDisposable
{
    /// <summary>The most events that one wait returns.</summary>
    public const int MaxBatch = 128;

    internal const int CloseOnExec = 0x80000;
    internal const int AddOperation = 1;
    internal const int RemoveOperation = 2;
    internal const int ModifyOperation = 3;

    /// <summary>EPOLL_CTL_DEL, for <see cref="TryControl"/>.</summary>
    public const int Removal = RemoveOperation;

    readonly SafeFileHandle _poll;

    /// <summary>Makes an empty set.</summary>
    /// <exception cref="LinuxException">EMFILE, ENFILE, ENOMEM.</exception>
    public EventPoll()
    {
        var fd = epoll_create1(CloseOnExec);
        ErrnoGuard.Of(fd).ThrowIfFailed("epoll_create1");
        _poll = new SafeFileHandle(fd, ownsHandle: true);
    }

    /// <summary>Waits on one more descriptor. It leaves by itself only when every duplicate of it is closed, so remove it before.</summary>
    /// <param name="descriptor">The descriptor.</param>
    /// <param name="events">What to report.</param>
    /// <param name="data">Given back with each report.</param>
    /// <returns>EEXIST (it is there already), EPERM (this kind of file cannot be waited on), ENOSPC, ENOMEM.</returns>
    public Errno TryAdd(SafeFileHandle descriptor, ReadyEvents events, ulong data) => Control(AddOperation, descriptor, events, data);

    /// <summary>As <see cref="TryAdd"/>, for a descriptor that cannot fail but for want of memory.</summary>
    /// <param name="descriptor">The descriptor.</param>
    /// <param name="events">What to report.</param>
    /// <param name="data">Given back with each report.</param>
    /// <exception cref="LinuxException">As <see cref="TryAdd"/> returns.</exception>
    public void Add(SafeFileHandle descriptor, ReadyEvents events, ulong data) =>
        TryAdd(descriptor, events, data).ThrowIfFailed("epoll_ctl", descriptor);

    /// <summary>Changes what is reported for a descriptor.</summary>
    /// <param name="descriptor">The descriptor.</param>
    /// <param name="events">What to report from now on.</param>
    /// <param name="data">Given back with each report.</param>
    /// <returns>ENOENT where it was not added.</returns>
    public Errno TryModify(SafeFileHandle descriptor, ReadyEvents events, ulong data) => Control(ModifyOperation, descriptor, events, data);

    /// <summary>Waits on a descriptor no more. Another thread may still be handed an event that it waited for before.</summary>
    /// <param name="descriptor">The descriptor.</param>
    /// <returns>ENOENT where it was not added.</returns>
    public Errno TryRemove(SafeFileHandle descriptor) => Control(RemoveOperation, descriptor, ReadyEvents.None, 0);

    /// <summary>The size of this machine's struct epoll_event.</summary>
    public static int EventSize => EventPollLayout.Current.Size;

    /// <summary>epoll_ctl on another's epoll, as it asked for it itself.</summary>
    /// <param name="poll">An epoll.</param>
    /// <param name="operation">EPOLL_CTL_ADD, _MOD or _DEL.</param>
    /// <param name="descriptor">What to wait on.</param>
    /// <param name="change">struct epoll_event: <see cref="EventSize"/> bytes.</param>
    /// <returns>What epoll_ctl(2) says.</returns>
    public static Errno TryControl(SafeFileHandle poll, int operation, SafeFileHandle descriptor, ReadOnlySpan<byte> change)
    {
        using var pollFd = new BorrowedDescriptor(poll);
        using var fd = new BorrowedDescriptor(descriptor);
        fixed (byte* pointer = change) return ErrnoGuard.Of(epoll_ctl(pollFd.Number, operation, fd.Number, pointer));
    }

    /// <summary>Waits until something is ready or the time is over; signals do not end it.</summary>
    /// <param name="ready">Receives at most <see cref="MaxBatch"/> events.</param>
    /// <param name="timeout">Milliseconds; 0 to only look, -1 for no end.</param>
    /// <returns>How many events there are, 0 when the time is over.</returns>
    /// <exception cref="LinuxException">EINVAL where <paramref name="ready"/> is empty.</exception>
    [SkipLocalsInit]
    public int Wait(Span<ReadyDescriptor> ready, int timeout)
    {
        using var poll = new BorrowedDescriptor(_poll);
        var layout = EventPollLayout.Current;
        Span<byte> raw = stackalloc byte[MaxBatch * EventPollLayout.MaxSize];
        var deadline = timeout < 0 ? long.MaxValue : Environment.TickCount64 + timeout;
        int count;
        fixed (byte* pointer = raw)
        {
            while ((count = epoll_wait(poll.Number, pointer, Math.Min(ready.Length, MaxBatch), timeout)) < 0)
            {
                var errno = ErrnoGuard.Last;
                if (errno != Errno.EINTR) errno.ThrowIfFailed("epoll_wait", _poll);
                if (timeout > 0) timeout = (int)Math.Max(0, deadline - Environment.TickCount64);
            }
        }

        for (var i = 0; i < count; i++) ready[i] = layout.Read(raw[(i * layout.Size)..]);
        return count;
    }

    /// <summary>Closes the set; the descriptors in it stay open.</summary>
    public void Dispose() => _poll.Dispose();

    Errno Control(int operation, SafeFileHandle descriptor, ReadyEvents events, ulong data)
    {
        using var poll = new BorrowedDescriptor(_poll);
        using var fd = new BorrowedDescriptor(descriptor);
        Span<byte> raw = stackalloc byte[EventPollLayout.MaxSize];
        EventPollLayout.Current.Write(raw, events, data);
        fixed (byte* pointer = raw) return ErrnoGuard.Of(epoll_ctl(poll.Number, operation, fd.Number, pointer));
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_ctl(int poll, int operation, int fd, byte* @event);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_wait(int poll, byte* events, int capacity, int timeout);
}

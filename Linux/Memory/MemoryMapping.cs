using System.Runtime.InteropServices;

namespace DmaHeap.Linux;

/// <summary>A shared mapping of a file, unmapped by Dispose. Nobody may use a span or address of it after that: the address may by
/// then be somebody else's, and the mapping holds no memory back from being unmapped under a reader.</summary>
public sealed unsafe partial class MemoryMapping : SafeHandle
{
    internal const int MapShared = 0x01;
    internal const int MapPrivate = 0x02;
    internal const int MapFixed = 0x10;
    internal const int MapAnonymous = 0x20;
    internal const int MapNoReserve = 0x4000;
    internal const int MapPopulate = 0x8000;
    internal const int SyncNow = 4;

    readonly nuint _reserved;

    MemoryMapping(nint address, long length, nuint reserved)
        : base(invalidHandleValue: -1, ownsHandle: true)
    {
        SetHandle(address);
        Length = length;
        _reserved = reserved;
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == -1;

    /// <summary>The length asked for, in bytes.</summary>
    public long Length { get; }

    /// <summary>Where it starts in this process.</summary>
    /// <exception cref="ObjectDisposedException">It was unmapped.</exception>
    public nint Address
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            return handle;
        }
    }

    /// <summary>All of it, where it is shorter than 2 GiB.</summary>
    /// <exception cref="OverflowException">It is longer: use <see cref="Slice"/>.</exception>
    public Span<byte> Span => Slice(0, checked((int)Length));

    /// <summary>A part of it.</summary>
    /// <param name="offset">Where the part starts, in bytes.</param>
    /// <param name="length">How long it is, in bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The part does not lie inside.</exception>
    public Span<byte> Slice(long offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length - length);
        return new Span<byte>((byte*)Address + offset, length);
    }

    /// <summary>Maps a part of a file, shared; throws where that fails.</summary>
    /// <inheritdoc cref="TryMap"/>
    /// <exception cref="LinuxException">EACCES, EPERM, EINVAL, ENODEV, ENOMEM.</exception>
    public static MemoryMapping Map(
        SafeHandle file, long offset, long length, MapProtection protection, bool populate = false, long alignment = 0)
    {
        TryMap(file, offset, length, protection, populate, alignment, out var mapping).ThrowIfFailed("mmap", file);
        return mapping!;
    }

    /// <summary>Maps a part of a file, shared.</summary>
    /// <param name="file">The file; it may be closed afterwards.</param>
    /// <param name="offset">Where the part starts: a multiple of the page size.</param>
    /// <param name="length">How long it is, in bytes, above 0.</param>
    /// <param name="protection">What the pages are for.</param>
    /// <param name="populate">Fault all pages in now (MAP_POPULATE); a shortage of memory is not reported.</param>
    /// <param name="alignment">0, or a power of two: the address shall be as far beyond a multiple of it as <paramref name="offset"/> is, so a multiple of it where the
    /// offset is one. Pages of 2 MiB that are already there are mapped whole only so. A hugetlb file needs its own page size here.</param>
    /// <param name="mapping">The caller's to dispose; null on failure.</param>
    /// <returns>EACCES (the description does not allow it), EPERM (sealed), EINVAL, ENODEV, ENOMEM.</returns>
    public static Errno TryMap(
        SafeHandle file, long offset, long length, MapProtection protection, bool populate, long alignment, out MemoryMapping? mapping)
    {
        mapping = null;
        ArgumentOutOfRangeException.ThrowIfNegative(alignment);
        if ((alignment & (alignment - 1)) != 0) throw new ArgumentException("The alignment is no power of two.", nameof(alignment));
        if (length <= 0 || length > long.MaxValue / 4 || alignment > long.MaxValue / 4) return Errno.EINVAL;

        using var fd = new BorrowedDescriptor(file);
        var flags = MapShared | (populate ? MapPopulate : 0);
        if (alignment <= Environment.SystemPageSize)
        {
            var address = mmap(null, (nuint)length, (int)protection, flags, fd.Number, offset);
            if ((nint)address == -1) return ErrnoGuard.Last;
            mapping = new MemoryMapping((nint)address, length, (nuint)length);
            return Errno.None;
        }

        // Reserve so much that an aligned range lies inside, map over that range, and give the rest back. The range is a whole number
        // of alignments: the kernel rounds a hugetlb mapping up, and unmaps one only whole.
        if (offset % Environment.SystemPageSize != 0) return Errno.EINVAL;
        var step = (nuint)alignment;
        var range = RoundUp((nuint)length, step);
        var reserved = range + (2 * step);
        var reserve = mmap(null, reserved, (int)MapProtection.None, MapPrivate | MapAnonymous | MapNoReserve, -1, 0);
        if ((nint)reserve == -1) return ErrnoGuard.Last;
        var start = (byte*)(RoundUp((nuint)reserve, step) + ((nuint)offset & (step - 1)));
        var head = (nuint)(start - (byte*)reserve);
        if (head > 0) munmap(reserve, head);
        munmap(start + range, reserved - range - head);
        if ((nint)mmap(start, (nuint)length, (int)protection, flags | MapFixed, fd.Number, offset) == -1)
        {
            var errno = ErrnoGuard.Last;
            munmap(start, range);
            return errno;
        }

        mapping = new MemoryMapping((nint)start, length, range);
        return Errno.None;
    }

    /// <summary>Advises the kernel about the whole mapping.</summary>
    /// <param name="advice">The advice.</param>
    /// <returns>EINVAL (this kernel or this kind of memory does not take it), ENOMEM, EAGAIN, EFAULT.</returns>
    public Errno TryAdvise(MemoryAdvice advice)
    {
        using var kept = new KeptMapping(this);
        return ErrnoGuard.Of(madvise(kept.Address, (nuint)Length, (int)advice));
    }

    /// <summary>Writes changed pages to the file's storage and waits: <c>msync(MS_SYNC)</c>.</summary>
    /// <returns>EIO, ENOMEM.</returns>
    public Errno TrySync()
    {
        using var kept = new KeptMapping(this);
        return ErrnoGuard.Of(msync(kept.Address, (nuint)Length, SyncNow));
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => munmap((void*)handle, _reserved) == 0;

    static nuint RoundUp(nuint value, nuint step) => (value + step - 1) & ~(step - 1);

    /// <summary>As <see cref="BorrowedDescriptor"/>, for an address: it cannot be unmapped during the call.</summary>
    readonly ref struct KeptMapping
    {
        readonly MemoryMapping _mapping;

        public KeptMapping(MemoryMapping mapping)
        {
            var added = false;
            mapping.DangerousAddRef(ref added);
            _mapping = mapping;
        }

        public void* Address => (void*)_mapping.handle;

        public void Dispose() => _mapping.DangerousRelease();
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial void* mmap(void* address, nuint length, int protection, int flags, int fd, long offset);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int munmap(void* address, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int madvise(void* address, nuint length, int advice);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int msync(void* address, nuint length, int flags);
}

using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Memory;

/// <summary>
/// Zeroed pages in a memfd: mode 0600, so that a reader cannot open it again for writing, and sealed against a change of size or of seals.
/// Once it was shown the host keeps no descriptor of it.
/// </summary>
internal sealed class PageMemory : HostMemory
{
    private const Seals FixedSize = Seals.Shrink | Seals.Grow | Seals.Seal;

    private SafeFileHandle? _file;
    private volatile bool _wasShown;

    private PageMemory(SafeFileHandle file, long length, long pageSize)
        : base(length, pageSize) => _file = file;

    public override MemoryKind Kind => MemoryKind.Pages;

    /// <param name="name">Shown in /proc/PID/fd.</param>
    /// <param name="length">Bytes, a multiple of <paramref name="pageSize"/>.</param>
    /// <param name="pageSize">The machine's page size or 2 MiB or 1 GiB.</param>
    /// <param name="commit">True to take all pages now.</param>
    public static PageMemory Create(string name, long length, long pageSize, bool commit)
    {
        var errno = Memfd.TryCreate(name, MemfdFlags.CloseOnExec | MemfdFlags.AllowSealing | MemfdFlags.NoExecSeal | HugeFlag(pageSize), out var file);
        if (errno is Errno.ENODEV or Errno.EINVAL or Errno.ENOENT && HugeFlag(pageSize) != 0)
        {
            file.Dispose();
            throw new HeapException(HeapErrno.NoDevice, HeapCause.NoHugePages, $"this machine has no pages of {new ByteSize(pageSize).ToText()}");
        }

        try
        {
            if (errno != Errno.None) throw SystemRefusal.From(errno, "creating a buffer");
            errno = FileSpace.TrySetLength(file, length);
            if (errno != Errno.None) throw SystemRefusal.From(errno, "sizing a buffer");
            if (commit) Commit(file, length, pageSize);
            errno = FilePermissions.TrySet(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            if (errno != Errno.None) throw SystemRefusal.From(errno, "setting a buffer's mode");
            FileSeals.Add(file, FixedSize);
            return new PageMemory(file, length, pageSize);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public override ShownFile TakeShownFile(MmapPolicy policy, string name)
    {
        if (policy == MmapPolicy.Refused) return OpaqueMemory.CreateShownFile(Length, name);
        var file = Interlocked.Exchange(ref _file, null)
            ?? throw new HeapException(HeapErrno.InputOutput, HeapCause.HeapFault, "the heap returned memory that was handed out or disposed before");
        _wasShown = true;
        return new ShownFile(file, IsOpaque: false);
    }

    public override SafeFileHandle OpenDescriptor()
    {
        if (Volatile.Read(ref _file) is { } file) return Reopen(file);
        if (_wasShown && Shown is { } shown) return Reopen(shown);
        throw new HeapException(HeapErrno.NotSupported, HeapCause.UnknownBuffer, "the memory was handed out, and the host has a descriptor of it only during an op for which one was shown");
    }

    public override SafeFileHandle OpenForImporter(DataDirection direction, SafeFileHandle? shown)
    {
        if (Volatile.Read(ref _file) is { } file) return Reopen(file, AccessFor(direction));
        if (shown is null || !_wasShown) throw Gone();
        return OpenShown(direction, shown);
    }

    public override void Dispose() => Interlocked.Exchange(ref _file, null)?.Dispose();

    private static MemfdFlags HugeFlag(long pageSize) => pageSize switch
    {
        2L << 20 => MemfdFlags.Huge2MiB,
        1L << 30 => MemfdFlags.Huge1GiB,
        _ => 0,
    };

    private static void Commit(SafeFileHandle file, long length, long pageSize)
    {
        var errno = FileSpace.TryAllocate(file, 0, length);
        if (errno == Errno.None) return;
        if (HugeFlag(pageSize) == 0) throw SystemRefusal.From(errno, "committing a buffer's pages");
        var free = Linux.HugePagePool.Read(pageSize)?.Free ?? 0;
        throw new HeapException(HeapErrno.NoMemory, HeapCause.NoHugePages,
            $"{length / pageSize} pages of {new ByteSize(pageSize).ToText()} were asked for and {free} are free: reserve more (vm.nr_hugepages), or they went to other programs");
    }
}

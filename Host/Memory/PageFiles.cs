using DmaHeap.Linux;

namespace DmaHeap.Hosting.Memory;

/// <summary>
/// Makes the files that pages of buffers lie in: zeroed, mode 0600, so that a reader cannot open one again for writing, and sealed against a change of size or of seals. Thread-safe.
/// </summary>
/// <param name="headroom">Asked before memory is taken; null where whoever asks has done so.</param>
/// <param name="hugePages">Asks the kernel for those that are not reserved.</param>
internal sealed class PageFiles(Headroom? headroom, HugePages hugePages)
{
    private const Seals FixedSize = Seals.Shrink | Seals.Grow | Seals.Seal;

    private readonly SmallPages _smallPages = new();

    /// <param name="name">Shown in /proc/PID/fd.</param>
    /// <param name="length">Bytes, a multiple of the choice's granule.</param>
    /// <param name="choice">The pages wanted.</param>
    /// <param name="fill">How much to take of the machine's own pages; huge ones are always there and zero.</param>
    /// <param name="file">Where the file goes, empty until then, and after a failure.</param>
    /// <exception cref="HeapException">ENOMEM, ENODEV: there are none. EMFILE.</exception>
    public PageFile Make(string name, long length, PageChoice choice, PageFill fill, ReusableDescriptor file)
    {
        try
        {
            switch (choice)
            {
                case PageChoice.Reserved2MiB: return Reserved(name, length, MemfdFlags.Huge2MiB, PageChoices.HugePage, file);
                case PageChoice.Reserved1GiB: return Reserved(name, length, MemfdFlags.Huge1GiB, 1L << 30, file);
                case PageChoice.Huge:
                    return Huge(name, length, isDemanded: true, file) ?? throw new HeapException(HeapErrno.NoMemory, HeapCause.NoHugePages,
                        $"{length / PageChoices.HugePage} pages of 2 MiB were asked for: too few are reserved and free (vm.nr_hugepages), and the kernel put none together");
                case PageChoice.HugeIfAny:
                    return Huge(name, length, isDemanded: false, file) ?? Machine(name, length, fill, file);
                default:
                    return Machine(name, length, fill, file);
            }
        }
        catch
        {
            file.Clear();
            throw;
        }
    }

    private PageFile Machine(string name, long length, PageFill fill, ReusableDescriptor file)
    {
        if (fill != PageFill.Lazy) headroom?.ThrowIfLess(length);
        Sized(name, length, file);
        var errno = _smallPages.TryFill(file, length, fill);
        if (errno != Errno.None) throw SystemRefusal.From(errno, "committing a buffer's pages");
        return Sealed(file, length, Environment.SystemPageSize, Environment.SystemPageSize, fill);
    }

    private static PageFile Reserved(string name, long length, MemfdFlags size, long pageSize, ReusableDescriptor file)
    {
        if (TryReserved(name, length, size, pageSize, file, out var made) is var errno && errno == Errno.None) return made;
        if (errno is Errno.ENODEV or Errno.EINVAL or Errno.ENOENT)
            throw new HeapException(HeapErrno.NoDevice, HeapCause.NoHugePages, $"this machine has no pages of {new ByteSize(pageSize).ToText()}");
        if (errno is Errno.EMFILE or Errno.ENFILE) throw SystemRefusal.From(errno, "creating a buffer");
        var free = Linux.HugePagePool.Read(pageSize)?.Free ?? 0;
        throw new HeapException(HeapErrno.NoMemory, HeapCause.NoHugePages,
            $"{length / pageSize} pages of {new ByteSize(pageSize).ToText()} were asked for and {free} are free: reserve more (vm.nr_hugepages), or they went to other programs");
    }

    // Reserved pages first: they stay whole whatever happens. Null where there are no huge pages to be had.
    private PageFile? Huge(string name, long length, bool isDemanded, ReusableDescriptor file)
    {
        if (TryReserved(name, length, MemfdFlags.Huge2MiB, PageChoices.HugePage, file, out var reserved) == Errno.None) return reserved;
        if (!hugePages.IsWorthTrying && !isDemanded) return null;
        if (isDemanded) headroom?.ThrowIfLess(length);
        else if (headroom?.Available() < length) return null;
        Sized(name, length, file);
        if (hugePages.TryPutTogether(file, length)) return Sealed(file, length, Environment.SystemPageSize, PageChoices.HugePage, PageFill.Zeroed);
        file.Clear();
        return null;
    }

    private static Errno TryReserved(string name, long length, MemfdFlags size, long pageSize, ReusableDescriptor file, out PageFile made)
    {
        made = default;
        var errno = Memfd.TryCreate(name, Flags | size, file);
        if (errno == Errno.None) errno = FileSpace.TrySetLength(file, length);
        if (errno == Errno.None) errno = FileSpace.TryAllocate(file, 0, length);
        if (errno == Errno.None) made = Sealed(file, length, pageSize, pageSize, PageFill.Zeroed);
        else file.Clear();
        return errno;
    }

    private static MemfdFlags Flags => MemfdFlags.CloseOnExec | MemfdFlags.AllowSealing | MemfdFlags.NoExecSeal;

    private static void Sized(string name, long length, ReusableDescriptor file)
    {
        var errno = Memfd.TryCreate(name, Flags, file);
        if (errno == Errno.None) errno = FileSpace.TrySetLength(file, length);
        if (errno != Errno.None) throw SystemRefusal.From(errno, "creating a buffer");
    }

    private static PageFile Sealed(ReusableDescriptor file, long length, long pageSize, long mappedPageSize, PageFill fill)
    {
        var errno = FilePermissions.TrySet(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        if (errno != Errno.None) throw SystemRefusal.From(errno, "setting a buffer's mode");
        FileSeals.Add(file, FixedSize);
        return new PageFile(length, pageSize, mappedPageSize, fill);
    }
}

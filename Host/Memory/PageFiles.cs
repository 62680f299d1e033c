using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Memory;

/// <summary>
/// Makes the files that pages of buffers lie in: zeroed, mode 0600, so that a reader cannot open one again for writing, and sealed against a change of size or of seals. Thread-safe.
/// </summary>
/// <param name="headroom">Asked before memory is taken; null where whoever asks has done so.</param>
/// <param name="hugePages">Asks the kernel for those that are not reserved.</param>
internal sealed class PageFiles(Headroom? headroom, HugePages hugePages)
{
    private const Seals FixedSize = Seals.Shrink | Seals.Grow | Seals.Seal;

    /// <param name="name">Shown in /proc/PID/fd.</param>
    /// <param name="length">Bytes, a multiple of the choice's granule.</param>
    /// <param name="choice">The pages wanted.</param>
    /// <param name="fill">How much to take of the machine's own pages; huge ones are always there and zero.</param>
    /// <returns>The file is the caller's.</returns>
    /// <exception cref="HeapException">ENOMEM, ENODEV: there are none. EMFILE.</exception>
    public PageFile Make(string name, long length, PageChoice choice, PageFill fill)
    {
        switch (choice)
        {
            case PageChoice.Reserved2MiB: return Reserved(name, length, MemfdFlags.Huge2MiB, PageChoices.HugePage);
            case PageChoice.Reserved1GiB: return Reserved(name, length, MemfdFlags.Huge1GiB, 1L << 30);
            case PageChoice.Huge:
                return Huge(name, length, isDemanded: true) ?? throw new HeapException(HeapErrno.NoMemory, HeapCause.NoHugePages,
                    $"{length / PageChoices.HugePage} pages of 2 MiB were asked for: too few are reserved and free (vm.nr_hugepages), and the kernel put none together");
            case PageChoice.HugeIfAny:
                return Huge(name, length, isDemanded: false) ?? Machine(name, length, fill);
            default:
                return Machine(name, length, fill);
        }
    }

    private PageFile Machine(string name, long length, PageFill fill)
    {
        if (fill != PageFill.Lazy) headroom?.ThrowIfLess(length);
        var file = Sized(name, length, 0);
        try
        {
            var errno = fill switch
            {
                PageFill.Taken => FileSpace.TryAllocate(file, 0, length),
                PageFill.Zeroed => FileZeros.TryWrite(file, 0, length), // pages that are only allocated are zeroed when they are touched; and this is quicker than to touch them
                _ => Errno.None,
            };
            if (errno != Errno.None) throw SystemRefusal.From(errno, "committing a buffer's pages");
            return Sealed(file, length, Environment.SystemPageSize, Environment.SystemPageSize, fill);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static PageFile Reserved(string name, long length, MemfdFlags size, long pageSize)
    {
        if (TryReserved(name, length, size, pageSize, out var made) is var errno && errno == Errno.None) return made;
        if (errno is Errno.ENODEV or Errno.EINVAL or Errno.ENOENT)
            throw new HeapException(HeapErrno.NoDevice, HeapCause.NoHugePages, $"this machine has no pages of {new ByteSize(pageSize).ToText()}");
        if (errno is Errno.EMFILE or Errno.ENFILE) throw SystemRefusal.From(errno, "creating a buffer");
        var free = Linux.HugePagePool.Read(pageSize)?.Free ?? 0;
        throw new HeapException(HeapErrno.NoMemory, HeapCause.NoHugePages,
            $"{length / pageSize} pages of {new ByteSize(pageSize).ToText()} were asked for and {free} are free: reserve more (vm.nr_hugepages), or they went to other programs");
    }

    // Reserved pages first: they stay whole whatever happens. Null where there are no huge pages to be had.
    private PageFile? Huge(string name, long length, bool isDemanded)
    {
        if (TryReserved(name, length, MemfdFlags.Huge2MiB, PageChoices.HugePage, out var reserved) == Errno.None) return reserved;
        if (!hugePages.IsWorthTrying && !isDemanded) return null;
        if (isDemanded) headroom?.ThrowIfLess(length);
        else if (headroom?.Available() < length) return null;
        var file = Sized(name, length, 0);
        try
        {
            if (hugePages.TryPutTogether(file, length)) return Sealed(file, length, Environment.SystemPageSize, PageChoices.HugePage, PageFill.Zeroed);
            file.Dispose();
            return null;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static Errno TryReserved(string name, long length, MemfdFlags size, long pageSize, out PageFile made)
    {
        made = default;
        var errno = Memfd.TryCreate(name, Flags | size, out var file);
        try
        {
            if (errno == Errno.None) errno = FileSpace.TrySetLength(file, length);
            if (errno == Errno.None) errno = FileSpace.TryAllocate(file, 0, length);
            if (errno != Errno.None)
            {
                file.Dispose();
                return errno;
            }

            made = Sealed(file, length, pageSize, pageSize, PageFill.Zeroed);
            return Errno.None;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static MemfdFlags Flags => MemfdFlags.CloseOnExec | MemfdFlags.AllowSealing | MemfdFlags.NoExecSeal;

    private static SafeFileHandle Sized(string name, long length, MemfdFlags size)
    {
        var errno = Memfd.TryCreate(name, Flags | size, out var file);
        if (errno == Errno.None) errno = FileSpace.TrySetLength(file, length);
        if (errno == Errno.None) return file;
        file.Dispose();
        throw SystemRefusal.From(errno, "creating a buffer");
    }

    private static PageFile Sealed(SafeFileHandle file, long length, long pageSize, long mappedPageSize, PageFill fill)
    {
        var errno = FilePermissions.TrySet(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        if (errno != Errno.None) throw SystemRefusal.From(errno, "setting a buffer's mode");
        FileSeals.Add(file, FixedSize);
        return new PageFile(file, length, pageSize, mappedPageSize, fill);
    }
}

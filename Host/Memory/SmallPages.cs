using System.Runtime.InteropServices;
using DmaHeap.Linux;

namespace DmaHeap.Hosting.Memory;

/// <summary>Puts the machine's own pages into memfds, and no more of them than each is long. Thread-safe.</summary>
internal sealed class SmallPages
{
    private const int BlockBytes = 512;
    private const int LooksEach = 256;

    private int _untilLook;

    /// <param name="file">A memfd of its final length without pages, sealed or not.</param>
    /// <param name="length">Its length in bytes.</param>
    /// <param name="fill">How much of them.</param>
    /// <returns>ENOMEM, ENOSPC.</returns>
    public Errno TryFill(SafeHandle file, long length, PageFill fill)
    {
        if (fill == PageFill.Lazy) return Errno.None;
        var mayReachBeyond = length % PageChoices.HugePage != 0;
        if (mayReachBeyond && Volatile.Read(ref _untilLook) > 0)
        {
            Interlocked.Decrement(ref _untilLook);
            if (TryTouch(file, length) == Errno.None) return Errno.None;
        }

        var errno = fill == PageFill.Taken
            ? FileSpace.TryAllocate(file, 0, length)
            : FileZeros.TryWrite(file, 0, length); // pages that are only allocated are zeroed when they are touched; and this is quicker than to touch them
        if (errno != Errno.None || !mayReachBeyond || FileStatus.Of(file).Blocks * BlockBytes <= length) return errno;

        // Where shmem_enabled is "always" the last page is of 2 MiB and reaches beyond the end, which nobody counted. Setting the length, the same one, gives that back; but to have such a page
        // and to part it takes a hundred times as long as to have a small one, so the next ones are touched.
        Volatile.Write(ref _untilLook, LooksEach);
        return FileSpace.TrySetLength(file, length);
    }

    // What is touched through a mapping is small where that is advised so; for what is written there is no such advice.
    private static Errno TryTouch(SafeHandle file, long length)
    {
        var errno = MemoryMapping.TryMap(file, 0, length, MapProtection.Read | MapProtection.Write, populate: false, alignment: 0, out var mapping);
        if (errno != Errno.None) return errno;
        using (mapping)
        {
            errno = mapping!.TryAdvise(MemoryAdvice.NoHugePage);
            return errno == Errno.None ? mapping.TryAdvise(MemoryAdvice.PopulateWrite) : errno;
        }
    }
}

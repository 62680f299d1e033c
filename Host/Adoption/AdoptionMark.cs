using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Adoption;

/// <summary>
/// What an adopting host leaves on a buffer's file: the sticky bit, which means nothing else of a file, and which the file's owner alone can set; both hosts are of that user. The host that
/// made the buffer may run on, and were it to use the file again, the buffer would never end for the one that adopted it. User attributes would do, but a memfd has them since Linux 6.6 only.
/// </summary>
internal static class AdoptionMark
{
    private const UnixFileMode Bit = UnixFileMode.StickyBit;

    /// <summary>Marks a file. To be done while a descriptor that was shown is open: until it is closed, nobody takes the file for unused.</summary>
    /// <exception cref="HeapException">It cannot be marked.</exception>
    public static void Set(SafeFileHandle file, UnixFileMode mode)
    {
        var errno = FilePermissions.TrySet(file, mode | Bit);
        if (errno != Errno.None) throw Memory.SystemRefusal.From(errno, "marking a buffer as adopted");
    }

    /// <summary>Whether another host than the one that made the file adopted it.</summary>
    public static bool IsIn(UnixFileMode mode) => (mode & Bit) != 0;

    /// <summary>The mode the file was made with.</summary>
    public static UnixFileMode Without(UnixFileMode mode) => mode & ~Bit;
}

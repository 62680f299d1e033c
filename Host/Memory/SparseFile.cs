using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Memory;

/// <summary>Which parts of a memory file have pages. A part without any reads as zeros, and gets a page from whoever touches it, be it by a load in another process.</summary>
internal static class SparseFile
{
    private const int BlockBytes = 512;

    /// <summary>Bytes of pages the file has.</summary>
    public static long BytesTaken(SafeFileHandle file) => FileStatus.Of(file).Blocks * BlockBytes;

    /// <summary>Where the first page is that the file has; null when it has none.</summary>
    public static long? FindPage(SafeFileHandle file) => FileSpace.TryFindData(file, 0, out var offset) == Errno.None ? offset : null;

    /// <summary>Names the file among all that this kernel has in memory.</summary>
    public static ulong InodeOf(SafeFileHandle file) => FileStatus.Of(file).Inode;

    /// <summary>Opens the file once more, readable and writable, with an offset of its own.</summary>
    /// <exception cref="HeapException">This user may not.</exception>
    public static SafeFileHandle Reopen(SafeFileHandle file)
    {
        var errno = DescriptorReopen.TryOpen(file, FileAccessMode.ReadWrite, closeOnExec: true, out var again);
        return errno == Errno.None ? again : throw SystemRefusal.From(errno, "opening a buffer's memory again");
    }

    /// <summary>Takes the pages of the whole file away; those who mapped it see zeros.</summary>
    /// <exception cref="HeapException">The file is not open for writing.</exception>
    public static void Clear(SafeFileHandle file, long length)
    {
        var errno = FileSpace.TryPunchHole(file, 0, length);
        if (errno != Errno.None) throw SystemRefusal.From(errno, "taking a buffer's pages away");
    }
}

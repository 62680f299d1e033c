using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Memory;

/// <summary>Which parts of a memory file have pages. A part without any reads as zeros, and gets a page from whoever touches it, be it by a load in another process.</summary>
internal static class SparseFile
{
    private const int BlockBytes = 512;

    /// <summary>Bytes of pages the file has.</summary>
    public static long BytesTaken(SafeFileHandle file) => FileStatus.Of(file).Blocks * BlockBytes;

    /// <summary>Takes the pages of the whole file away; those who mapped it see zeros.</summary>
    /// <exception cref="HeapException">The file is not open for writing.</exception>
    public static void Clear(SafeFileHandle file, long length)
    {
        var errno = FileSpace.TryPunchHole(file, 0, length);
        if (errno != Errno.None) throw SystemRefusal.From(errno, "taking a buffer's pages away");
    }
}

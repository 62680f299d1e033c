using DmaHeap.Linux;
using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Hosting.Server;

/// <summary>A text of any length as a descriptor: a file in memory that nobody can change any more.</summary>
internal static class SealedDocument
{
    /// <exception cref="HeapException">There is no descriptor or no memory left.</exception>
    public static SafeFileHandle Create(ReadOnlySpan<byte> text)
    {
        var errno = Memfd.TryCreate("dmaheap-status", MemfdFlags.CloseOnExec | MemfdFlags.AllowSealing, out var file);
        if (errno != Errno.None) throw Memory.SystemRefusal.From(errno, "making a document");
        try
        {
            RandomAccess.Write(file, text, 0);
            FileSeals.Add(file, Seals.Write | Seals.Shrink | Seals.Grow | Seals.Seal);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}

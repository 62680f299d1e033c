using Microsoft.Win32.SafeHandles;

namespace DmaHeap.Linux;

/// <summary>What the kernel calls an open file: the link <c>/proc/self/fd/N</c>. Thread-safe.</summary>
public static class DescriptorName
{
    /// <summary>Reads it: a path, or for what has none a text such as <c>/memfd:NAME (deleted)</c> with the name that the file was made with.</summary>
    /// <param name="file">An open file.</param>
    /// <returns>Null where /proc does not say.</returns>
    public static string? TryRead(SafeFileHandle file)
    {
        using var fd = new BorrowedDescriptor(file);
        try
        {
            return new FileInfo(FormattableString.Invariant($"/proc/self/fd/{fd.Number}")).LinkTarget;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
